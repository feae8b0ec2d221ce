package importer_test

import (
	"archive/zip"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/importer"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/pluginapi"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

const manifest = `{
	"id": "factor", "version": "1.0.0", "abi": "1.0",
	"capabilities": [
		{"name": "crypto", "purposes": ["totp"]}, {"name": "keys", "keys": ["convex"]}, {"name": "storage", "write": ["factor", "device"]}, {"name": "verification"}
	],
	"handlers": [{"number": 1, "kind": "endpoint", "method": "GET", "path": "/x"}],
	"models": {
		"device": {"fields": {"factorId": {"type": "string", "references": "factor"}}},
		"factor": {"fields": {
			"userId": {"type": "string", "required": true, "unique": true, "references": "user"},
			"secret": {"type": "string"}, "codes": {"type": "string"}, "tries": {"type": "number"}, "settings": {"type": "json"}
		}}
	},
	"imports": {"better-auth": {
		"tables": {
			"device": {"model": "device"},
			"twoFactor": {"model": "factor", "fields": {"secret": {"unseal": true, "seal": "totp"}, "codes": {"from": "backupCodes", "unseal": true, "join": " ", "seal": "totp"}}}
		},
		"keys": {"use": "convex", "algs": ["RS256", "ES256", "EdDSA"]},
		"verifications": ["reset:"]
	}}
}`

// keys is a keyring.Storage in memory.
type keys struct{ all []keyring.Key }

func (k *keys) Keys(_ context.Context, use string) (out []keyring.Key, err error) {
	for _, key := range k.all {
		if key.Use == use {
			out = append(out, key)
		}
	}
	return out, nil
}

func (k *keys) Insert(_ context.Context, key keyring.Key) error {
	k.all = append(k.all, key)
	return nil
}
func (k *keys) Update(context.Context, keyring.Key) error { return nil }

// world is a tenant and the files that are imported into it.
type world struct {
	*testing.T
	target importer.Target
	keys   *keys
	dir    string
}

func newWorld(t *testing.T) *world {
	m, err := pluginapi.ParseManifest([]byte(manifest))
	if err == nil {
		err = m.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	schema, err := identity.CoreSchema().Merge(store.Schema{Models: []store.Model{
		{Name: "factor", Fields: []store.Field{
			{Name: "userId", Type: store.String, Required: true, Unique: true, References: "user"},
			{Name: "secret", Type: store.String}, {Name: "codes", Type: store.String}, {Name: "tries", Type: store.Number}, {Name: "settings", Type: store.JSON},
		}},
		{Name: "device", Fields: []store.Field{{Name: "factorId", Type: store.String, References: "factor"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	data, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	secrets, _ := secret.New([]secret.Version{{Value: "kP3vR9xQ2mW7tZ5nB8cJ4hL6yF1sD0gA"}})
	hasher, _ := secret.NewHasher(secret.HasherConfig{})
	k := &keys{}
	return &world{T: t, keys: k, dir: t.TempDir(), target: importer.Target{
		Tenant: "main", Store: data, Secrets: secrets, Keys: k, Passwords: hasher, Plugins: []*pluginapi.Manifest{m},
	}}
}

// tables writes files; the tables that every source has are added empty.
func (w *world) tables(tables map[string]string) {
	all := map[string]string{"user": "", "account": ""}
	maps.Copy(all, tables)
	for name, rows := range all {
		path := filepath.Join(w.dir, name+".jsonl")
		if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) run(o importer.Options) *importer.Report {
	w.Helper()
	source, err := importer.Files(w.dir)
	if err != nil {
		w.Fatal(err)
	}
	o.Now = func() time.Time { return now }
	report, err := importer.Run(w.Context(), source, w.target, o)
	if err != nil {
		w.Fatal(err)
	}
	return report
}

func (w *world) get(model, id string) *store.Record {
	w.Helper()
	rec, err := w.target.Store.Get(w.Context(), model, id)
	if err != nil {
		w.Fatalf("%s %s: %v", model, id, err)
	}
	return rec
}

func (w *world) want(r *importer.Report, model string, want importer.TableReport) {
	w.Helper()
	for _, have := range r.Tables {
		if have.Model == model {
			want.Table, want.Model = have.Table, model
			if *have != want {
				w.Errorf("got %+v\nwant %+v", *have, want)
			}
			return
		}
	}
	w.Errorf("no table for %s", model)
}

func problems(r *importer.Report) string {
	var lines []string
	for _, p := range r.Problems {
		lines = append(lines, p.Error())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (w *world) seal(plain string) string {
	text, err := w.target.Secrets.Seal([]byte(plain))
	if err != nil {
		w.Fatal(err)
	}
	return text
}

func TestValues(t *testing.T) {
	for _, tt := range []struct{ column, value, want string }{
		{"name", `"Ada"`, `"Ada"`}, {"name", `null`, `""`}, {"name", `7`, `"7"`}, {"name", `{"a":1}`, "name: an object is no string"},
		{"email_verified", `1`, `true`}, {"email_verified", `"f"`, `false`}, {"emailVerified", `null`, `false`}, {"emailVerified", `2`, "emailVerified: a number is no boolean"},
		{"createdAt", `"2026-01-02T03:04:05.678Z"`, `"2026-01-02T03:04:05.678Z"`}, {"createdAt", `"2026-01-02T03:04:05.678999+01:00"`, `"2026-01-02T02:04:05.678Z"`},
		{"createdAt", `"2026-01-02 03:04:05.6+00"`, `"2026-01-02T03:04:05.600Z"`}, {"createdAt", `"2026-01-02T03:04:05"`, `"2026-01-02T02:04:05.000Z"`},
		{"createdAt", `1767323045678`, `"2026-01-02T03:04:05.678Z"`}, {"createdAt", `1767323045`, `"2026-01-02T03:04:05.000Z"`},
		{"createdAt", `"1767323045678"`, `"2026-01-02T03:04:05.678Z"`}, {"createdAt", `{"$date":"2026-01-02T03:04:05.678Z"}`, `"2026-01-02T03:04:05.678Z"`},
		{"createdAt", `{"$date":{"$numberLong":"1767323045678"}}`, `"2026-01-02T03:04:05.678Z"`},
		{"createdAt", `"infinity"`, "createdAt: a string is no date"}, {"createdAt", `true`, "createdAt: a boolean is no date"}, {"createdAt", `1e300`, "createdAt: a number is no date"},
		{"email", `"  "`, "a user has no address"}, {"email", `""`, "a user has no address"}, {"email", `" Ada@Example.com\n"`, `"ada@example.com"`},
	} {
		t.Run(tt.column+"="+tt.value, func(t *testing.T) {
			w := newWorld(t)
			email := `"email":"ada@example.com",`
			if tt.column == "email" {
				email = ""
			}
			w.tables(map[string]string{"user": fmt.Sprintf(`{"id":"1",%s"updatedAt":"2026-01-02T03:04:05.678Z","%s":%s}`, email, tt.column, tt.value)})
			r := w.run(importer.Options{Zone: time.FixedZone("", 3600)})
			if len(r.Problems) > 0 {
				if got := r.Problems[0].What; got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				return
			}
			field := strings.ReplaceAll(tt.column, "_v", "V")
			if got := string(w.get("user", "1").Get(field).JSON()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestAddressTwice: case and spaces do not tell users apart.
func TestAddressTwice(t *testing.T) {
	w := newWorld(t)
	w.tables(map[string]string{"user": `{"id":"1","email":"ada@example.com"}` + "\n" + `{"id":"2","email":" ADA@example.com\t"}`})
	r := w.run(importer.Options{})
	if len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].What, "two users have the same address") {
		t.Errorf("the problems are %+v", r.Problems)
	}
}

// TestPluginTables: what manifests take over is unsealed, joined and sealed
// anew; what refers comes after what it refers to; the rest is left out.
func TestPluginTables(t *testing.T) {
	w := newWorld(t)
	w.tables(map[string]string{
		"user":          `{"id":"1","email":"ada@example.com"}`,
		"two_factors":   fmt.Sprintf(`{"id":"f1","user_id":"1","secret":%q,"backup_codes":%q,"tries":"3","settings":"{\"a\":[1]}"}`, w.seal("TOTP"), w.seal(`["one","two"]`)),
		"devices":       `{"id":"d1","factorId":"f1"}`,
		"organizations": `{"id":"o"}` + "\n" + `{"id":"p"}`,
		"verification": `{"id":"v1","identifier":"reset:abc","value":"1","expiresAt":"2027-01-01T00:00:00Z"}
			{"id":"v2","identifier":"other","value":"1","expiresAt":"2027-01-01T00:00:00Z"}`,
		"rate_limit": "",
	})
	r := w.run(importer.Options{})
	if len(r.Problems) > 0 {
		t.Fatal(problems(r))
	}
	rec := w.get("factor", "f1")
	open := func(field string) string {
		plain, err := w.target.Secrets.OpenFor(secret.PluginPurpose("factor", "totp"), rec.Str(field))
		if err != nil {
			t.Error(err)
		}
		return string(plain)
	}
	if open("secret") != "TOTP" || open("codes") != "one two" || rec.Get("tries").NumberText() != "3" || string(rec.Get("settings").JSON()) != `{"a":[1]}` {
		t.Errorf("got %s", document.Obj(rec.Fields).JSON())
	}
	if w.get("device", "d1").Str("factorId") != "f1" || w.get("verification", "v1").Str("identifier") != "factor/reset:abc" {
		t.Error("devices or verifications did not arrive")
	}
	w.want(r, "verification", importer.TableReport{Rows: 2, New: 1, Unclaimed: 1})
	if r.Unsealed != 2 || len(r.LeftOut) != 2 || r.LeftOut[0].Rows != 2 {
		t.Errorf("got %d unsealed, left out %+v", r.Unsealed, r.LeftOut)
	}
	// The same again is the same, although sealing gives another text.
	r = w.run(importer.Options{})
	w.want(r, "factor", importer.TableReport{Rows: 1, Unchanged: 1})
	// A secret that is not the application's.
	w.target.Secrets, _ = secret.New([]secret.Version{{Value: "another"}})
	r = w.run(importer.Options{SkipProblems: true})
	if got := problems(r); !strings.Contains(got, "secret cannot be decrypted with the tenant's secret") || !r.Stopped(importer.Options{SkipProblems: true}) {
		t.Errorf("got %s", got)
	}
}

// TestLaterChangeStays: of two changes the later one counts; what was changed
// here without a date is left alone.
func TestLaterChangeStays(t *testing.T) {
	w := newWorld(t)
	users := func(name, updated string) string {
		return fmt.Sprintf(`{"id":"1","email":"ada@example.com","name":%q,"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":%q}`, name, updated)
	}
	factor := `{"id":"f1","userId":"1","tries":%d}`
	w.tables(map[string]string{"user": users("Ada", "2026-01-01T00:00:00.000Z"), "twoFactor": fmt.Sprintf(factor, 1)})
	w.run(importer.Options{})
	change := func(model, id string, set *document.Object) {
		if err := w.target.Store.Apply(t.Context(), []store.Op{{Kind: store.Update, Model: model, ID: id, Fields: set}}); err != nil {
			t.Fatal(err)
		}
	}
	change("user", "1", document.NewObject(2).Set("name", document.Text("Here")).Set("updatedAt", document.Text("2026-03-01T00:00:00.000Z")))
	w.tables(map[string]string{"user": users("There", "2026-02-01T00:00:00.000Z"), "twoFactor": fmt.Sprintf(factor, 2)})
	r := w.run(importer.Options{})
	w.want(r, "user", importer.TableReport{Rows: 1, Kept: 1})
	w.want(r, "factor", importer.TableReport{Rows: 1, Changed: 1})
	w.tables(map[string]string{"user": users("Later", "2026-04-01T00:00:00.000Z"), "twoFactor": fmt.Sprintf(factor, 3)})
	r = w.run(importer.Options{})
	w.want(r, "user", importer.TableReport{Rows: 1, Changed: 1})
	w.want(r, "factor", importer.TableReport{Rows: 1, Kept: 1})
	if w.get("user", "1").Str("name") != "Later" {
		t.Error("the later change is not there")
	}
}

// TestClash: a unique value that another record of the tenant has is a problem,
// unless that record goes.
func TestClash(t *testing.T) {
	w := newWorld(t)
	w.tables(map[string]string{
		"user":      `{"id":"1","email":"ada@example.com"} {"id":"2","email":"bob@example.com"}`,
		"twoFactor": `{"id":"f1","userId":"1"}`,
	})
	w.run(importer.Options{})
	w.tables(map[string]string{
		"user":      `{"id":"3","email":"BOB@example.com"} {"id":"1","email":"ada@example.com","updatedAt":"2027-01-01T00:00:00Z"}`,
		"twoFactor": `{"id":"f2","userId":"1"}`,
	})
	r := w.run(importer.Options{})
	const want = "twoFactor: another record of the tenant has the same userId (1 row(s): f2)\nuser: another record of the tenant has the same email (1 row(s): 3)"
	if got := problems(r); got != want {
		t.Errorf("got %s", got)
	}
	w.want(r, "user", importer.TableReport{Rows: 2, Refused: 1, Changed: 1})
	if r := w.run(importer.Options{Prune: true, DryRun: true}); len(r.Problems) > 0 {
		t.Errorf("a dry run that prunes: %s", problems(r))
	}
	w.get("user", "2")
	r = w.run(importer.Options{Prune: true})
	w.want(r, "user", importer.TableReport{Rows: 2, New: 1, Changed: 1, Pruned: 1})
	w.want(r, "factor", importer.TableReport{Rows: 1, New: 1, Pruned: 1})
	if w.get("user", "3").Str("email") != "bob@example.com" {
		t.Error("the new user is not there")
	}
}

// TestManyRows: batches and samples do not lose any.
func TestManyRows(t *testing.T) {
	w := newWorld(t)
	var users, accounts strings.Builder
	const n = 2500
	for i := range n {
		fmt.Fprintf(&users, `{"id":"%d","email":"u%d@example.com"}`+"\n", i, i)
		fmt.Fprintf(&accounts, `{"id":"%d","userId":"%d","accountId":"%d","providerId":"github"}`+"\n", i, i, i)
	}
	w.tables(map[string]string{"user": users.String(), "account": accounts.String()})
	var told []importer.Progress
	r := w.run(importer.Options{Batch: 64, Progress: func(p importer.Progress) { told = append(told, p) }})
	w.want(r, "user", importer.TableReport{Rows: n, New: n})
	w.want(r, "account", importer.TableReport{Rows: n, New: n})
	if r.Verified < 200 || len(told) == 0 || told[len(told)-1] != (importer.Progress{Pass: importer.PassVerify, Table: "account", Done: n, Total: n}) {
		t.Errorf("verified %d, told %v", r.Verified, told)
	}
	if err := w.target.Store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

const (
	ed25519JWK = `{"crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kty":"OKP"}` // RFC 8037, A.1
	publicJWK  = `{"crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kty":"OKP"}`
)

func TestKeys(t *testing.T) {
	w := newWorld(t)
	row := func(id, private, created, more string) string {
		return fmt.Sprintf(`{"id":%q,"publicKey":%q,"privateKey":%q,"createdAt":%q%s}`+"\n", id, publicJWK, private, created, more)
	}
	sealed := fmt.Sprintf("%q", w.seal(ed25519JWK)) // a JSON string, as Better Auth stores it
	w.tables(map[string]string{"jwks": row("new", sealed, "2026-02-01T00:00:00Z", "") + row("old", ed25519JWK, "2026-01-01T00:00:00Z", `,"alg":"EdDSA"`) +
		row("gone", sealed, "2025-01-01T00:00:00Z", `,"expiresAt":"2025-02-01T00:00:00Z"`) + row("other", sealed, "2026-01-01T00:00:00Z", `,"alg":"ES384"`)})
	r := w.run(importer.Options{})
	if len(r.Problems) > 0 {
		t.Fatal(problems(r))
	}
	w.want(r, "jwks", importer.TableReport{Rows: 4, New: 2, Unclaimed: 2})
	if len(w.keys.all) != 2 || w.keys.all[0].ID != "old" || w.keys.all[1].ID != "new" || w.keys.all[1].Number != 2 {
		t.Fatalf("got %+v", w.keys.all)
	}
	// The newest signs, both verify.
	ring := keyring.New(keyring.Config{Storage: w.keys, Now: func() time.Time { return now.Add(time.Hour) }})
	if _, kid, err := ring.Sign(t.Context(), "convex", "EdDSA", []byte(`{}`)); err != nil || kid != "new" {
		t.Errorf("signed with %q: %v", kid, err)
	}
	set, err := ring.JWKS(t.Context(), "convex")
	if err != nil || !strings.Contains(string(set), `"old"`) || strings.Contains(string(set), `"d"`) {
		t.Errorf("got %s, %v", set, err)
	}
	r = w.run(importer.Options{})
	w.want(r, "jwks", importer.TableReport{Rows: 4, Unchanged: 2, Unclaimed: 2})
	// A key of the tenant's own, and keys that are none.
	w.keys.all = []keyring.Key{{ID: "own", Use: "convex", Alg: "EdDSA", Number: 1}}
	w.tables(map[string]string{"jwks": row("new", sealed, "2026-02-01T00:00:00Z", "") + row("bad", `{"kty":"OKP","crv":"Ed25519","x":"AA"}`, "", "") + row("worse", "hello", "", "")})
	r = w.run(importer.Options{})
	for _, want := range []string{"the tenant has EdDSA keys of its own already", `stored key "bad": not an Ed25519 private key`, "the private key is no JWK"} {
		if got := problems(r); !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

// TestConvexExport: the tables of the component are found in the archive.
func TestConvexExport(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "snapshot.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range map[string]string{
		"users/documents.jsonl":                          `{"_id":"app","email":"not-this@example.com"}`,
		"_storage/documents.jsonl":                       `{"_id":"s"}`,
		"_components/betterAuth/user/documents.jsonl":    `{"_id":"k57","_creationTime":1767323045678.5,"email":"ada@example.com","name":"Ada","emailVerified":false,"createdAt":1767323045678,"updatedAt":1767323045678,"userId":null}`,
		"_components/betterAuth/account/documents.jsonl": `{"_id":"k58","userId":"k57","accountId":"k57","providerId":"credential","createdAt":1767323045678,"updatedAt":1767323045678}`,
		"_components/betterAuth/session/documents.jsonl": `{"_id":"k59","userId":"k57","token":"t","expiresAt":1893456000000,"createdAt":1767323045678,"updatedAt":1767323045678}`,
	} {
		out, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(out, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	source, err := importer.Files(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := importer.Run(t.Context(), source, w.target, importer.Options{Now: func() time.Time { return now }})
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("%v %s", err, problems(r))
	}
	if err := source.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := w.get("session", "k59").Str("expiresAt"); got != "2030-01-01T00:00:00.000Z" {
		t.Errorf("got %s", got)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("two/user/documents.jsonl", "")
	write("two/user.json", "")
	for _, tt := range []struct{ path, want string }{
		{filepath.Join(dir, "nowhere"), "no such file"},
		{write("x.sql", ""), "neither a folder nor a .zip"},
		{write("x.zip", "hello"), "not a valid zip file"},
		{filepath.Dir(write("empty/readme.txt", "")), "no tables"},
		{filepath.Join(dir, "two"), "both the table"},
	} {
		if _, err := importer.Files(tt.path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
	}
}
