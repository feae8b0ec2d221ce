package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layers are the packages from the lowest to the highest. A package imports
// lower layers only, so that each part can be read, tested and replaced
// without what stands on it. Packages of one layer do not know one another;
// folders of one part, such as engine/store and its drivers, count as one. The
// lowest layer that names a package is its own.
var layers = [][]string{
	{"pluginapi"},
	{"sdk"},
	{"engine/document", "engine/apierror", "engine/budget", "engine/recent", "engine/postbox", "engine/hostpattern", "sdk/plugintest", "sdk/kit"},
	{
		"engine/store/...", "engine/keyring", "engine/secret", "engine/sandbox/...", "engine/tenant",
		"engine/mail", "engine/sms", "engine/audit", "engine/redis", "engine/egress", "engine/telemetry", "engine/xmlsig", "plugins/...",
	},
	{"engine/validate", "engine/session", "engine/identity", "engine/ratelimit", "engine/config", "engine/outbox", "engine/schedule", "engine/sweep", "engine/private"},
	{"engine/grants", "engine/post", "engine/fingerprint", "engine/keystore", "engine/storage"},
	{"engine/dispatch"},
	{"engine/capability", "engine/httpapi", "engine/importer/..."},
	{"engine/blueprint", "engine/bench", "engine/backup", "engine/workers"},
	{"engine/admin", "engine/offline"},
	{"engine"},
	{"wasm-examples"},
	{"internal/workbench", "internal/bind"},
	{"internal/testcache"},
	{"internal/pgtest", "internal/redistest", "internal/wasmtest"},
	{"cmd/authhost", "internal/...", "wasm-examples/..."},
}

// closed are packages that may need, directly or not, nothing but the
// standard library and what is listed.
var closed = []struct {
	pkg     string
	imports []string
	why     string
}{
	{"pluginapi", nil, "tools and guests of any origin read manifests with it"},
	{"engine/document", nil, "every part of the engine holds its values; a leaf cannot make a cycle"},
	{"engine/apierror", nil, "parts below and above HTTP return these errors"},
	{"sdk", []string{"pluginapi"}, "what it imports is part of every plugin"},
	{"sdk/plugintest", []string{"sdk", "pluginapi"}, "authors test plugins without the server"},
	{"sdk/kit", []string{"sdk"}, "what it imports is part of every plugin that uses it"},
	{"plugins", nil, "it embeds modules and is no part of what they do"},
	{"wasm-examples/...", []string{"sdk", "sdk/kit", "pluginapi"}, "examples show what anybody can do"},
	{"plugins/...", []string{"sdk", "sdk/kit", "pluginapi"}, "first-party plugins have no power that a user's plugin could not have"},
}

// bans forbid imports that layers alone would allow. to may name packages of
// this repository, of the standard library or of others.
var bans = []struct {
	from   []string
	to     []string
	except []string // imports that are allowed all the same
	unless []string // packages that are
	why    string
}{
	{
		from: []string{"engine/sandbox/..."}, to: []string{"engine/...", "pluginapi", "net/http"}, except: []string{"engine/sandbox/..."},
		why: "the sandbox knows nothing of authentication, tenants or HTTP: it can be audited alone, and an ABI change is not its business",
	},
	{
		from: []string{"engine/store/...", "engine/keyring", "engine/secret"}, to: []string{"net/http", "engine/apierror", "pluginapi"},
		why: "records, keys and secrets are below HTTP and below plugins; the parts above map their errors",
	},
	{
		from: []string{"engine/grants", "engine/dispatch", "engine/capability", "engine/httpapi", "engine/identity", "engine/session", "engine/outbox", "engine/importer/..."},
		to:   []string{"engine/config", "engine/store/boltstore", "engine/store/pgstore"},
		why:  "only the engine wires: the parts take what they need as values, and any store",
	},
	{
		from: []string{"sdk/...", "plugins/...", "pluginapi"}, to: []string{"engine/..."},
		why: "a plugin that could reach the engine's code would be no proof of the ABI",
	},
	{
		from: []string{"engine/...", "pluginapi", "cmd/...", "internal/workbench"}, to: []string{"sdk/..."},
		why: "the SDK is one of many ways to write a guest",
	},
	{
		from: []string{"engine/..."}, to: []string{"plugins/..."},
		why: "the engine gets modules as bytes; the program decides which ones come with it",
	},
	{
		from: []string{"engine/..."}, to: []string{"log", "expvar", "net/http/pprof", "flag"},
		why: "they are global: the engine logs with the slog.Logger that it is given, and serves only what it mounts",
	},
	{
		from: []string{"engine/...", "cmd/...", "internal/workbench"}, to: []string{"math/rand", "math/rand/v2"},
		unless: []string{"engine/store/pgstore", "engine/dispatch"}, // spread their retries
		why:    "a value that can be predicted must never become a token, an id or a key",
	},
	{
		from: []string{"engine/...", "cmd/...", "internal/workbench"}, to: []string{"os/exec", "plugin"},
		unless: []string{"cmd/authhost"}, // starts itself again, to compile modules within bounds
		why:    "the server runs no programs and no native code but its own",
	},
}

type owner struct {
	dependency string
	importers  []string
	why        string
}

// owners name the packages that may import a dependency. One importer means
// one place to read when it changes, and one to replace it. Tests count.
var owners = []owner{
	{"github.com/tetratelabs/wazero/...", []string{"engine/sandbox/..."}, "how guests run is the sandbox's secret"},
	{"go.etcd.io/bbolt/...", []string{"engine/store/boltstore"}, "the embedded driver"},
	{"github.com/tidwall/btree", []string{"engine/store/boltstore"}, "what was committed since the file took over"},
	{"github.com/jackc/pgx/v5/...", []string{"engine/store/pgstore", "engine/importer/pgsource", "internal/pgtest/..."}, "the PostgreSQL driver, the reader of other servers' tables, and the test server"},
	{"github.com/lestrrat-go/jwx/v2/...", []string{"engine/keyring", "engine/secret"}, "signatures are made and checked in one place; the tests of the tenant's own tokens compare with it"},
	{"github.com/decred/dcrd/dcrec/secp256k1/v4/...", []string{"engine/keyring"}, "signatures are made and checked in one place"},
	{"github.com/russellhaering/goxmldsig/...", []string{"engine/xmlsig"}, "signatures of XML are made and checked in one place"},
	{"github.com/beevik/etree", []string{"engine/xmlsig"}, "the trees of the library above"},
	{"github.com/robfig/cron/v3", []string{"engine/schedule"}, "cron expressions are read in one place"},
	{"golang.org/x/crypto/...", []string{"engine/secret"}, "password hashes, digests and sealing are made in one place"},
	{"golang.org/x/text/...", []string{"engine/secret", "engine/postbox", "engine/mail", "engine/sms"}, "passwords are normalised before they are hashed, and messages are in the recipient's language"},
	{"golang.org/x/sys/...", []string{"engine/sandbox/..."}, "memory mappings of images"},
	{"golang.org/x/sync/...", []string{"engine/..."}, "semaphores and groups, of no consequence to callers"},
	{"github.com/redis/go-redis/v9/...", []string{"engine/redis"}, "the client of what nodes share besides the store"},
	{"github.com/gorilla/mux", []string{"engine/httpapi"}, "routing"},
	{"github.com/KimMachineGun/automemlimit/...", []string{"cmd/authhost"}, "the memory of a machine or container"},
	{"github.com/spf13/cobra", []string{"cmd/authhost"}, "the command line"},
	{"github.com/prometheus/...", []string{"engine/telemetry"}, "the parts count through methods, not through a metrics library"},
	{"github.com/wneessen/go-mail/...", []string{"engine/mail"}, "SMTP"},
	{"github.com/goccy/go-yaml/...", []string{"engine/config"}, "the configuration file"},
	{"github.com/santhosh-tekuri/jsonschema/v6/...", []string{"engine/blueprint", "engine/config"}, "settings of plugins, and the published schema's test"},
	{"github.com/google/go-cmp/...", []string{"engine/...", "cmd/...", "internal/..."}, "tests and storetest only; it panics on purpose"},
	{"github.com/rogpeppe/go-internal/...", []string{"cmd/authhost"}, "tests of the whole program"},
}

// unsafeUsers may import unsafe.
var unsafeUsers = []string{
	"engine/sandbox/...", // mapped memory
	"sdk",                // pointers to the host
}

// heavy are packages that no plugin here needs: a plugin is compiled, kept in
// memory and copied for its size.
var heavy = []string{"fmt", "encoding/json", "regexp", "net", "net/http", "text/template"}

// heavySDK are packages that the SDK does not bring along: a plugin that wants
// them imports them itself.
var heavySDK = append([]string{"os", "time", "reflect", "crypto", "crypto/sha256"}, heavy...)

// authorModules are the packages of the modules that plugins are written with.
var authorModules = []string{"pluginapi/...", "sdk/..."}

// layerOf is the lowest layer that names a package; -1 is none.
func layerOf(path string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return inAny(path, l) })
}

// part is what packages of one layer share when they belong together.
func part(path string) string {
	parts := strings.SplitN(path, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// layerFaults lists imports that do not point downwards.
func layerFaults(p pkg) (faults []string) {
	from := layerOf(p.path())
	if from < 0 {
		return []string{fmt.Sprintf("%s is in no layer; add it to layers", p.path())}
	}
	for _, i := range p.Imports {
		to := layerOf(rel(i))
		switch {
		case !ours(i) || to >= 0 && to < from:
		case to == from && part(rel(i)) == part(p.path()):
		default:
			faults = append(faults, fmt.Sprintf("%s imports %s, which is not in a lower layer", p.path(), rel(i)))
		}
	}
	return faults
}

// banFaults lists imports that a ban forbids.
func banFaults(p pkg) (faults []string) {
	for _, b := range bans {
		if !inAny(p.path(), b.from) || inAny(p.path(), b.unless) {
			continue
		}
		for _, i := range p.Imports {
			if inAny(rel(i), b.to) && !inAny(rel(i), b.except) {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.path(), rel(i), b.why))
			}
		}
	}
	if slices.Contains(p.allImports(), "unsafe") && !inAny(p.path(), unsafeUsers) {
		faults = append(faults, p.path()+" imports unsafe: memory safety is what the rest of the server relies on")
	}
	return faults
}

// closedFaults lists what a closed package needs beyond its list.
func closedFaults(p pkg) (faults []string) {
	for _, c := range closed {
		if !in(p.path(), c.pkg) {
			continue
		}
		for _, d := range p.Deps {
			if !standard(d) && !slices.Contains(c.imports, rel(d)) {
				faults = append(faults, fmt.Sprintf("%s needs %s: %s", p.path(), rel(d), c.why))
			}
		}
		return faults // the first entry that matches counts
	}
	return nil
}

// ownerFaults lists dependencies that are not the package's to import.
func ownerFaults(p pkg) (faults []string) {
	for _, i := range p.allImports() {
		if standard(i) || ours(i) {
			continue
		}
		n := slices.IndexFunc(owners, func(o owner) bool { return in(i, o.dependency) })
		switch {
		case n < 0:
			faults = append(faults, fmt.Sprintf("%s imports %s, which has no owner; add it to owners", p.path(), i))
		case !inAny(p.path(), owners[n].importers):
			faults = append(faults, fmt.Sprintf("%s imports %s, which belongs to %s: %s", p.path(), i, strings.Join(owners[n].importers, ", "), owners[n].why))
		}
	}
	return faults
}

// authorFaults lists what a package that plugins are written with, or a test
// of it, imports of other modules than those that authors have.
func authorFaults(p pkg) (faults []string) {
	if !inAny(p.path(), authorModules) {
		return nil
	}
	for _, i := range p.allImports() {
		if !standard(i) && !(ours(i) && inAny(rel(i), authorModules)) {
			faults = append(faults, fmt.Sprintf("%s imports %s: an author's go.mod has the SDK and pluginapi, and no dependency of the server's", p.path(), rel(i)))
		}
	}
	return faults
}

func TestImports(t *testing.T) {
	pkgs := list(t, "", "", module+"/...")
	if len(pkgs) < 20 {
		t.Fatalf("go list found %d packages", len(pkgs))
	}
	for _, folder := range modules {
		if !slices.ContainsFunc(pkgs, func(p pkg) bool { return folder == "." || in(p.path(), folder+"/...") }) {
			t.Errorf("go list found no package of the module in %s", folder)
		}
	}
	for _, p := range pkgs {
		for _, e := range p.DepsErrors {
			t.Errorf("%s: %s", p.path(), e.Err)
		}
		for _, check := range []func(pkg) []string{layerFaults, banFaults, closedFaults, ownerFaults, authorFaults} {
			for _, fault := range check(p) {
				t.Error(fault)
			}
		}
	}
}

// TestGuestImports looks at plugins as they are built for their sandbox.
func TestGuestImports(t *testing.T) {
	guestSDK := []string{"sdk", "sdk/kit"}
	for _, p := range list(t, "wasip1", "wasm", "./sdk", "./sdk/kit", "./plugins/...") {
		if p.Name != "main" && !slices.Contains(guestSDK, p.path()) {
			continue // package plugins runs on the host
		}
		for _, fault := range closedFaults(p) {
			t.Error(fault)
		}
		bans := heavy
		if slices.Contains(guestSDK, p.path()) {
			bans = heavySDK
		}
		for _, d := range p.Deps {
			if slices.Contains(bans, d) {
				t.Errorf("%s needs %s when built for wasip1: every plugin that does carries it", p.path(), d)
			}
		}
	}
}

// TestRulesBite gives the rules imports that they must refuse.
func TestRulesBite(t *testing.T) {
	of := func(path string, imports ...string) pkg {
		return pkg{ImportPath: module + "/" + path, Imports: imports, Deps: imports}
	}
	const m = module + "/"
	tests := []struct {
		name  string
		check func(pkg) []string
		p     pkg
		want  int
	}{
		{"downwards", layerFaults, of("engine/dispatch", m+"engine/sandbox", "fmt"), 0},
		{"upwards", layerFaults, of("engine/dispatch", m+"engine/httpapi"), 1},
		{"sideways", layerFaults, of("engine/keyring", m+"engine/secret"), 1},
		{"within a part", layerFaults, of("engine/store/boltstore", m+"engine/store"), 0},
		{"no layer", layerFaults, of("engine/novelty"), 1},
		{"to a package without layer", layerFaults, of("engine", m+"engine/novelty"), 1},
		{"sandbox and HTTP", banFaults, of("engine/sandbox", "net/http", m+"engine/sandbox/internal/wasmbin"), 1},
		{"sandbox and store", banFaults, of("engine/sandbox/internal/x", m+"engine/store"), 1},
		{"plugin and engine", banFaults, of("plugins/convex", m+"engine/keyring"), 1},
		{"global logger", banFaults, of("engine/mail", "log", "log/slog"), 1},
		{"weak random numbers", banFaults, of("engine/secret", "math/rand/v2"), 1},
		{"unsafe", banFaults, of("engine/store", "unsafe"), 1},
		{"closed", closedFaults, of("pluginapi", "fmt", "github.com/goccy/go-yaml"), 1},
		{"closed tree", closedFaults, of("plugins/convex", m+"sdk", m+"engine/document"), 1},
		{"owner", ownerFaults, of("engine/keyring", "github.com/lestrrat-go/jwx/v2/jwk"), 0},
		{"another's dependency", ownerFaults, of("engine/session", "github.com/lestrrat-go/jwx/v2/jwt"), 1},
		{"dependency without owner", ownerFaults, of("engine/session", "example.com/novelty"), 1},
		{"SDK and contract", authorFaults, of("sdk/plugintest", "testing", m+"sdk", m+"pluginapi"), 0},
		{"SDK and engine", authorFaults, of("sdk", m+"engine/document"), 1},
		{"test of the contract", authorFaults, pkg{ImportPath: m + "pluginapi", TestImports: []string{"github.com/google/go-cmp/cmp"}}, 1},
		{"in a test", ownerFaults, pkg{ImportPath: m + "engine/session", XTestImports: []string{"go.etcd.io/bbolt"}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.check(tt.p); len(got) != tt.want {
				t.Errorf("got %q, want %d", got, tt.want)
			}
		})
	}
}
