package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	"github.com/authhost/authhost/internal/smtptest"
)

// work is what a request cost until it was answered, in units that are the same
// on every machine. What happens in the background is not part of it.
type work struct {
	mu      sync.Mutex
	steps   map[string]int // how often: handlers, host calls, writes, commits, hashes
	lookUps int            // in an index, or for a record by its id
	fuel    uint64         // of all handlers
	moved   uint64         // bytes between handlers and the host
	wrote   int            // bytes of records
	hashed  int            // bytes of passwords
}

func newWork() *work { return &work{steps: map[string]int{}} }

type workKey struct{}

// workOf returns the work of the request that a context is of. That of others is
// forgotten.
func workOf(ctx context.Context) *work {
	if w, ok := ctx.Value(workKey{}).(*work); ok {
		return w
	}
	return newWork()
}

func (w *work) note(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *work) step(name string) { w.note(func() { w.steps[name]++ }) }

func (w *work) looked(times int) { w.note(func() { w.lookUps += times }) }

// hostCalls returns how many host calls there were.
func (w *work) hostCalls() (n int) {
	for name, times := range w.steps {
		if strings.HasPrefix(name, "host ") {
			n += times
		}
	}
	return n
}

// others are the steps that are no host calls.
func (w *work) others() map[string]int {
	steps := maps.Clone(w.steps)
	maps.DeleteFunc(steps, func(name string, _ int) bool { return strings.HasPrefix(name, "host ") })
	return steps
}

func (w *work) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "fuel %d, %d bytes moved, %d bytes written, %d bytes hashed, %d look-ups", w.fuel, w.moved, w.wrote, w.hashed, w.lookUps)
	for _, name := range slices.Sorted(maps.Keys(w.steps)) {
		fmt.Fprintf(&out, ", %d %s", w.steps[name], name)
	}
	return out.String()
}

// watchedCalls notes each host call.
type watchedCalls struct{ dispatch.Capabilities }

func (c watchedCalls) Call(ctx context.Context, call *dispatch.Call, capability, function string, args *document.Object) (document.Value, error) {
	workOf(ctx).step("host " + capability + "." + function)
	return c.Capabilities.Call(ctx, call, capability, function, args)
}

// watchedStore notes look-ups and writes.
type watchedStore struct{ store.Tenant }

func (s watchedStore) Get(ctx context.Context, model, id string) (*store.Record, error) {
	workOf(ctx).looked(1)
	return s.Tenant.Get(ctx, model, id)
}

func (s watchedStore) Find(ctx context.Context, model, index string, key ...document.Value) (*store.Record, error) {
	r, err := s.Tenant.Find(ctx, model, index, key...)
	if workOf(ctx).looked(1); err == nil {
		workOf(ctx).looked(1) // for the record that the index names
	}
	return r, err
}

func (s watchedStore) List(ctx context.Context, q store.Query) (store.Page, error) {
	page, err := s.Tenant.List(ctx, q)
	workOf(ctx).looked(1 + len(page.Records))
	return page, err
}

func (s watchedStore) Count(ctx context.Context, q store.Query) (int, error) {
	workOf(ctx).looked(1)
	return s.Tenant.Count(ctx, q)
}

func (s watchedStore) Apply(ctx context.Context, ops []store.Op) error {
	w := workOf(ctx)
	w.step("commit")
	for _, op := range ops {
		w.step("write " + op.Kind.String())
		w.note(func() { w.wrote += len(document.Obj(op.Fields).JSON()) })
	}
	return s.Tenant.Apply(ctx, ops)
}

// watchedPasswords notes each hash. To make one, to compare with one, and to do as
// if, cost the same: see TestEqualWork of package secret.
type watchedPasswords struct{ realmtest.Passwords }

func (watchedPasswords) note(ctx context.Context, password string) {
	w := workOf(ctx)
	w.step("hash")
	w.note(func() { w.hashed += len(password) })
}

// Hash returns a hash as long as one of scrypt.
func (p watchedPasswords) Hash(ctx context.Context, password string) (string, error) {
	p.note(ctx, password)
	hash, err := p.Passwords.Hash(ctx, password)
	return fmt.Sprintf("%-161s", hash), err
}

func (p watchedPasswords) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	p.note(ctx, password)
	return p.Passwords.Verify(ctx, strings.TrimRight(hash, " "), password)
}

func (p watchedPasswords) Equalize(ctx context.Context, password string) error {
	p.note(ctx, password)
	return p.Passwords.Equalize(ctx, password)
}

// watched is a server that tells the work of requests.
type watched struct {
	*server
	now *work // of the request that is served
}

func serveWatched(t *testing.T, settings string) *watched {
	t.Helper()
	needPlugins(t, "email-password", "account")
	s := &watched{now: newWork()}
	change := func(o *engine.Options) {
		o.Handled = func(h engine.Handled) {
			s.now.step("handler of " + h.Plugin + " " + h.Done.Outcome)
			s.now.note(func() {
				s.now.fuel += h.Done.Usage.Fuel
				s.now.moved += h.Done.Usage.BytesIn + h.Done.Usage.BytesOut
			})
		}
		*o = o.WithPasswords(watchedPasswords{}).Watched(
			func(t store.Tenant) store.Tenant { return watchedStore{t} },
			func(c dispatch.Capabilities) dispatch.Capabilities { return watchedCalls{c} })
	}
	s.server = serveWith(t, change, strings.NewReplacer("HEAD", smtptest.Start(t).Config(), "CONFIG", settings).Replace(mailed))
	return s
}

// ask posts to the tenant main, and returns the work and what of the answer is not
// made anew each time.
func (s *watched) ask(path, body, cookie string) (*work, string) {
	w := newWork()
	s.now = w
	defer func() { s.now = newWork() }()
	r := httptest.NewRequestWithContext(context.WithValue(s.t.Context(), workKey{}, w), http.MethodPost, "http://main.example/api/auth"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://main.example")
	r.Header.Set("Cookie", cookie)
	answer := httptest.NewRecorder()
	s.Handler(s.Listeners()[0]).ServeHTTP(answer, r)
	return w, fmt.Sprint(answer.Code, " ", made.ReplaceAllString(answer.Body.String(), "$1"))
}

// equalWork are bounds of what may differ, whoever has an address.
type equalWork struct {
	hostCalls int // 0: they are the same ones; else how many more or fewer
	lookUps   int // how many more or fewer
	// Parts of the fuel, of the bytes that are moved and of those that are written.
	fuel, moved, wrote float64
}

// check compares all requests for addresses that somebody has, and that nobody has.
func (e equalWork) check(t *testing.T, known, unknown []*work) {
	t.Helper()
	all, first := slices.Concat(known, unknown), known[0]
	for _, w := range all {
		sameCalls := maps.Equal(w.steps, first.steps)
		if e.hostCalls > 0 {
			sameCalls = maps.Equal(w.others(), first.others()) && max(w.hostCalls(), first.hostCalls())-min(w.hostCalls(), first.hostCalls()) <= e.hostCalls
		}
		if !sameCalls || w.hashed != first.hashed {
			t.Fatalf("two requests of different work:\n%v\n%v", first, w)
		}
	}
	for _, c := range []struct {
		what  string
		of    func(*work) float64
		part  float64
		apart int
	}{
		{"fuel", func(w *work) float64 { return float64(w.fuel) }, e.fuel, 0},
		{"bytes moved", func(w *work) float64 { return float64(w.moved) }, e.moved, 0},
		{"bytes written", func(w *work) float64 { return float64(w.wrote) }, e.wrote, 0},
		{"look-ups", func(w *work) float64 { return float64(w.lookUps) }, 0, e.lookUps},
	} {
		least, most := math.Inf(1), 0.0
		for _, w := range all {
			least, most = min(least, c.of(w)), max(most, c.of(w))
		}
		if most-least > max(c.part*most, float64(c.apart)) {
			t.Errorf("%s: from %.0f to %.0f:\n%v\n%v", c.what, least, most, first, unknown[0])
		}
	}
}

// TestEqualWork: whether somebody has an address does not show in the work of a
// request. Hashes, commits, records and mails are the same, and so are host calls,
// but for sign-up; fuel and bytes are nearly. docs/security.md says what is left.
func TestEqualWork(t *testing.T) {
	const (
		address = `{"email":%q}`
		wrong   = `{"email":%q,"password":"wrong-horse-1"}`
		long    = `{"email":%q,"password":"LONG"}`
		signUp  = `{"email":%q,"name":"Ada","password":"correct-horse-1"}`
		sends   = "emailVerification: {sendVerificationEmail: true}"
	)
	same := equalWork{lookUps: 1, fuel: .1, moved: .2, wrote: .1}
	alike := equalWork{hostCalls: 5, lookUps: 5, fuel: .3, moved: .45, wrote: .15}
	for name, tt := range map[string]struct {
		settings, path, body string
		equal                equalWork
	}{
		"reset":                {"", "/request-password-reset", address, same},
		"verification":         {sends, "/send-verification-email", address, same},
		"sign-in":              {"", "/sign-in/email", wrong, same},
		"sign-in, long":        {"", "/sign-in/email", strings.Replace(long, "LONG", strings.Repeat("x", 5000), 1), same},
		"sign-in, lockout":     {"accountLockout: {enabled: true, maxFailedAttempts: 100}", "/sign-in/email", wrong, same},
		"sign-up":              {"requireEmailVerification: true, " + sends, "/sign-up/email", signUp, alike},
		"sign-up, two mails":   {"requireEmailVerification: true, onExistingUserSignUp: true, " + sends, "/sign-up/email", signUp, alike},
		"sign-up without mail": {"autoSignIn: false", "/sign-up/email", signUp, alike},
		"change of address":    {"", "/change-email", `{"newEmail":%q}`, same},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveWatched(t, tt.settings)
			s.signUp("main.example", "ada@example.com").want(t, 200, "")
			cookie := ""
			if tt.path == "/change-email" {
				cookie = s.signIn("main.example", "ada@example.com", password).want(t, 200, "").cookie()
			}
			var known, unknown []*work
			for i := range 25 {
				somebody, nobody := fmt.Sprintf("known%02d@example.com", i), fmt.Sprintf("other%02d@example.com", i)
				s.signUp("main.example", somebody).want(t, 200, "")
				a, one := s.ask(tt.path, fmt.Sprintf(tt.body, somebody), cookie)
				b, other := s.ask(tt.path, fmt.Sprintf(tt.body, nobody), cookie)
				if one != strings.ReplaceAll(other, nobody, somebody) {
					t.Errorf("two answers: %s, %s", one, other)
				}
				known, unknown = append(known, a), append(unknown, b)
			}
			t.Logf("somebody: %v\nnobody: %v", known[0], unknown[0])
			tt.equal.check(t, known, unknown)
		})
	}
}
