package document_test

import (
	"testing"

	"github.com/authhost/authhost/engine/document"
)

// TestView: what is made of a view is the caller's own, to any depth.
func TestView(t *testing.T) {
	const text = `{"a":{"b":[{"c":1}]},"d":"x","e":null}`
	v, err := document.Parse([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	view := v.Object().View()
	change := func(o *document.Object) {
		o.Get("a").Object().Get("b").Items()[0].Object().Set("c", document.Int(2))
		o.Get("a").Object().Delete("b")
		o.Set("d", document.Text("y"))
		o.Delete("e")
	}
	change(view.Copy())
	change(view.Value().Object())
	view.Get("a").Object().Delete("b")
	for _, value := range view.All() {
		if value.Kind() == document.ObjectKind {
			value.Object().Delete("b")
		}
	}
	if got := string(view.Value().JSON()); got != text {
		t.Errorf("got %s", got)
	}
	less := view.Without("a").Without("e", "none")
	if got := string(less.Value().JSON()); got != `{"d":"x"}` || less.Has("a") || !less.Get("e").IsAbsent() || !view.Has("e") {
		t.Errorf("got %s", got)
	}
	more := view.Filled("d", "f", "g").Without("g")
	if got := string(more.Without("a").Value().JSON()); got != `{"d":"x","e":null,"f":null}` || !more.Has("f") || more.Has("g") || more.Get("f").IsAbsent() {
		t.Errorf("got %s", got)
	}
	if got := string(document.View{}.Value().JSON()); got != "{}" {
		t.Errorf("the zero view is %s", got)
	}
}
