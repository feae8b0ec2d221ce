package importer

import (
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// FuzzConvert: whatever a column holds, the outcome is a value of the field's
// type that the store takes, or an error.
func FuzzConvert(f *testing.F) {
	for _, seed := range []string{`"2026-01-02 03:04:05+00"`, `1767323045678`, `"1e400"`, `{"$date":{"$numberLong":"x"}}`, `[["a"]]`, `"\ud800"`, `-0`, `"t"`, `null`} {
		f.Add(seed)
	}
	schema := store.Schema{Models: []store.Model{{Name: "m", Fields: []store.Field{
		{Name: "string", Type: store.String}, {Name: "number", Type: store.Number}, {Name: "boolean", Type: store.Boolean},
		{Name: "date", Type: store.Date}, {Name: "json", Type: store.JSON},
	}}}}
	catalog, err := store.NewCatalog(schema)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := document.Parse([]byte(text), 0)
		if err != nil {
			return
		}
		v = unwrap(v)
		for _, field := range schema.Models[0].Fields {
			out, err := convert(v, field.Type, time.UTC)
			if err != nil {
				continue
			}
			op := store.Op{Kind: store.Insert, Model: "m", ID: "1", Fields: document.NewObject(1).Set(field.Name, out)}
			if err := catalog.CheckOp(op); err != nil {
				t.Errorf("%s as %s: %v", text, field.Type, err)
			}
			again, err := convert(out, field.Type, time.UTC)
			if field.Type != store.JSON && (err != nil || !again.Equal(out)) {
				t.Errorf("%s as %s is %s, and then %s: %v", text, field.Type, out.JSON(), again.JSON(), err)
			}
		}
		typeOf(v)
	})
}
