package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const proofTenant = `
tenants:
  - id: main
    baseURL: http://main.example
    passwords: {algorithm: argon2id}
    session: {freshAge: 0s}
    plugins:
      - id: email-password
        config:
          sendResetPassword: true
          emailVerification: {sendVerificationEmail: true, autoSignInAfterVerification: true}
      - id: account
        config:
          changeEmail: {enabled: true, sendChangeEmailConfirmation: true}
          deleteUser: {enabled: true, sendDeleteAccountVerification: true}
          emailVerification: {sendVerificationEmail: true}
      - {id: two-factor, config: {otpOptions: {sendOTP: true}}}
      - {id: mine, module: DIR/mine.wasm, grants: [verification, crypto]}
`

// proofPlugin is a user's plugin that makes proofs and uses them, by endpoints
// that call a function with the request's body.
func proofPlugin() *w.Guest {
	functions := []string{"verification.createFor", "verification.consume", "crypto.signToken", "crypto.verifyToken"}
	m := &pluginapi.Manifest{ID: "mine", ABI: "1.1", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapVerification}, {Name: pluginapi.CapCrypto, Purposes: []string{"link"}}}}
	for i, name := range functions {
		m.Handlers = append(m.Handlers, pluginapi.Handler{Number: int32(i + 1), Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/mine/" + name})
	}
	g := w.New(m)
	for i, name := range functions {
		capability, function, _ := strings.Cut(name, ".")
		g.Handler(int32(i+1), w.Copy("args", "request.body"), w.Call(capability, function, ""), w.Report("response.body.status"), w.Copy("response.body.result", "result"))
	}
	return g
}

// person is a user of proofs, and the browser that is signed in as that user.
type person struct {
	*server
	name                        string // before the @ of the first address
	id, email, password, cookie string
}

// newPerson signs somebody up with an address of a name.
func newPerson(s *server, name string) *person {
	p := &person{server: s, name: name, email: name + "@example.com"}
	p.signUp()
	return p
}

// other is another address of the person.
func (p *person) other(domain string) string { return p.name + "@" + domain }

// signUp makes a user with the person's address, and signs in.
func (p *person) signUp() {
	p.t.Helper()
	up := p.server.signUp("", p.email).want(p.t, 200, "")
	p.id, p.password, p.cookie = up.get("user.id"), password, up.cookie()
}

func (p *person) post(path string, body map[string]any) answer {
	p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(request{method: "POST", path: "/api/auth" + path, body: string(text), cookie: p.cookie})
}

func (p *person) get(path string) answer {
	p.t.Helper()
	return p.do(request{method: "GET", path: "/api/auth" + path, cookie: p.cookie})
}

// mailed sends a request that sends one mail, and returns the mail's token.
func (p *person) mailed(path string, body map[string]any) string {
	p.t.Helper()
	before := len(p.outbox("main"))
	p.post(path, body).want(p.t, 200, "")
	mails := p.outbox("main")
	if len(mails) != before+1 {
		p.t.Fatalf("%s %v: %d new mails", path, body, len(mails)-before)
	}
	if last := mails[before]; last.Token != "" {
		return last.Token
	}
	return mails[before].OTP
}

// clearOutbox forgets the mails that were sent.
func (s *server) clearOutbox() {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, s.admin+"/dev/outbox?tenant=main", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
}

func (p *person) verifyLink() string {
	p.t.Helper()
	return p.mailed("/send-verification-email", map[string]any{"email": p.email})
}

func (p *person) changeLink(next string) string {
	p.t.Helper()
	return p.mailed("/change-email", map[string]any{"newEmail": next})
}

// verify proves the person's address.
func (p *person) verify() {
	p.t.Helper()
	p.get("/verify-email?token="+p.verifyLink()).want(p.t, 200, "")
}

// verified reports whether the address of the person is verified.
func (p *person) verified() bool { return p.get("/get-session").get("user.emailVerified") == "true" }

// move changes the person's address.
func (p *person) move(next string) {
	p.t.Helper()
	link := p.changeLink(next)
	if p.verified() { // it went to the present address
		before := len(p.outbox("main"))
		p.get("/verify-email?token="+link).want(p.t, 200, "")
		link = p.outbox("main")[before].Token
	}
	moved := p.get("/verify-email?token="+link).want(p.t, 200, "")
	if moved.cookies["better-auth.session_token"] != "" {
		p.cookie = moved.cookie()
	}
	p.email = next
}

// mailedProof is a link or code that goes out in a mail.
type mailedProof struct {
	name     string
	verified bool // it is for users whose address is verified
	issue    func(*person) string
	use      func(*person, string) bool // whether it did what it is for
}

// calls uses a function of the user's plugin.
func (p *person) calls(function string, args map[string]any) answer {
	p.t.Helper()
	return p.post("/mine/"+function, args).want(p.t, 200, "")
}

func follows(p *person, token string) bool { return p.get("/verify-email?token="+token).status == 200 }

var mailedProofs = []mailedProof{
	{"verify", false, (*person).verifyLink, follows},
	{"change", false, func(p *person) string { return p.changeLink(p.other("kept.example")) }, follows},
	{"confirm a change", true, func(p *person) string { return p.changeLink(p.other("kept.example")) }, follows},
	{"reset", false, func(p *person) string { return p.mailed("/request-password-reset", map[string]any{"email": p.email}) }, func(p *person, token string) bool {
		return p.post("/reset-password", map[string]any{"token": token, "newPassword": "reset-horse-9"}).status == 200
	}},
	{"delete", false, func(p *person) string { return p.mailed("/delete-user", map[string]any{}) }, func(p *person, token string) bool {
		return p.post("/delete-user", map[string]any{"token": token}).status == 200
	}},
	{"code", false, func(p *person) string { return p.mailed("/two-factor/send-otp", map[string]any{}) }, func(p *person, code string) bool {
		return p.post("/two-factor/verify-otp", map[string]any{"code": code}).status == 200
	}},
	{"a plugin's kept value", false, func(p *person) string {
		p.calls("verification.createFor", map[string]any{"identifier": "link", "value": p.id, "userId": p.id, "expiresIn": 600})
		return "link"
	}, func(p *person, id string) bool {
		return p.calls("verification.consume", map[string]any{"identifier": id}).get("result.value") != ""
	}},
	{"a plugin's token", false, func(p *person) string {
		return p.calls("crypto.signToken", map[string]any{"purpose": "link", "expiresIn": 600, "userId": p.id, "claims": map[string]any{"email": p.email}}).get("result.token")
	}, func(p *person, token string) bool {
		return p.calls("crypto.verifyToken", map[string]any{"purpose": "link", "token": token}).get("result.claims.sub") != ""
	}},
}

// userChanges are what may happen between the issue of a proof and its use.
var userChanges = []struct {
	name string
	make func(*person)
	// good are the proofs that stay good; all others are void.
	good string
}{
	{"nothing", func(*person) {}, "verify, change, confirm a change, reset, delete, code, a plugin's kept value, a plugin's token"},
	{"another address", func(p *person) { p.move(p.other("other.example")) }, ""},
	{"another address and back", func(p *person) { p.move(p.other("other.example")); p.move(p.other("example.com")) }, ""},
	{"the address verified", (*person).verify, "verify, reset, delete, code"},
	{"another password", func(p *person) {
		p.post("/change-password", map[string]any{"currentPassword": p.password, "newPassword": "changed-horse-2"}).want(p.t, 200, "")
		p.password = "changed-horse-2"
	}, ""},
	{"deleted and signed up again", func(p *person) {
		p.post("/delete-user", map[string]any{"token": p.mailed("/delete-user", map[string]any{})}).want(p.t, 200, "")
		p.signUp()
	}, ""},
	{"a reset", func(p *person) {
		token := p.mailed("/request-password-reset", map[string]any{"email": p.email})
		p.post("/reset-password", map[string]any{"token": token, "newPassword": "changed-horse-2"}).want(p.t, 200, "")
	}, ""},
}

// TestMailedProofs: every link and code that is mailed is void when its user is
// another, or is in another state than it was made for.
func TestMailedProofs(t *testing.T) {
	needPlugins(t, "email-password", "account", "two-factor")
	s, n := serve(t, proofTenant, proofPlugin()), 0
	for _, change := range userChanges {
		for _, proof := range mailedProofs {
			if proof.verified && change.name == "the address verified" {
				continue
			}
			t.Run(change.name+"/"+proof.name, func(t *testing.T) {
				n++
				p := newPerson(s, fmt.Sprint("ada", n))
				s.clearOutbox()
				if proof.verified {
					p.verify()
				}
				kept := proof.issue(p)
				change.make(p)
				want := strings.Contains(", "+change.good+",", ", "+proof.name+",")
				if got := proof.use(p, kept); got != want {
					t.Errorf("the proof is good: %v, want %v", got, want)
				}
			})
		}
	}
}

// TestProofsAreUsedOnce: a proof that was used does nothing again, and what it
// changed voids another one of its sort.
func TestProofsAreUsedOnce(t *testing.T) {
	needPlugins(t, "email-password", "account", "two-factor")
	s := serve(t, proofTenant, proofPlugin())
	for i, proof := range mailedProofs {
		if proof.name == "verify" || strings.HasPrefix(proof.name, "a plugin's") || proof.verified {
			continue // they change nothing the second time
		}
		t.Run(proof.name, func(t *testing.T) {
			p := newPerson(s, fmt.Sprint("bob", i))
			first, second := proof.issue(p), proof.issue(p)
			if proof.name == "code" {
				first, second = second, first // the later mail replaces the earlier one
			}
			if !proof.use(p, first) || proof.use(p, first) || proof.use(p, second) {
				t.Error("it is not good once")
			}
		})
	}
}

// TestTakeoverByKeptLink: somebody signs up with the victim's address, asks for
// a change of it and keeps the link. The link is worth nothing once the victim
// has an account of that address, however it became free, nor once the victim
// has proved that the address is theirs.
func TestTakeoverByKeptLink(t *testing.T) {
	needPlugins(t, "email-password", "account", "two-factor")
	const victim = "victim@example.com"
	for name, free := range map[string]func(*person){
		"moved away": func(p *person) { p.move("evil2@example.com") },
		"deleted": func(p *person) {
			p.post("/delete-user", map[string]any{"token": p.mailed("/delete-user", map[string]any{})}).want(p.t, 200, "")
		},
		"kept": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, proofTenant, proofPlugin())
			evil := &person{server: s, email: victim}
			evil.signUp()
			kept, victims := evil.changeLink("evil1@example.com"), evil
			if free != nil {
				free(evil)
				victims = &person{server: s, email: victim}
				victims.signUp()
			}
			victims.verify()
			got := s.do(request{method: "POST", path: "/api/auth/verify-email", body: `{"token":"` + kept + `"}`})
			if got.status == 200 || got.cookies["better-auth.session_token"] != "" {
				t.Errorf("the kept link: %d %s, cookies %v", got.status, got.text, got.cookies)
			}
			if in := s.signIn("", victim, password); in.get("user.email") != victim {
				t.Errorf("the victim signs in: %d %s", in.status, in.text)
			}
		})
	}
}

// TestUnboundLink: a token that names an address and no user, as Better Auth
// signs them, is refused: whoever has the address by now is not known.
func TestUnboundLink(t *testing.T) {
	needPlugins(t, "email-password", "account", "two-factor")
	signer := w.New(&pluginapi.Manifest{
		ID: "signer", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapCrypto, Purposes: []string{"email-verification"}}},
		Handlers: []pluginapi.Handler{{Number: 1, Kind: pluginapi.KindEndpoint, Method: "POST", Path: "/sign"}},
	}).Handler(1, w.Copy("args", "request.body"), w.Call(pluginapi.CapCrypto, "signToken", ""), w.Copy("response.body.token", "result.token"))
	text := strings.Replace(proofTenant, "[verification, crypto]}", "[verification, crypto]}\n      - {id: signer, module: DIR/signer.wasm, grants: [crypto]}", 1)
	p := newPerson(serve(t, text, proofPlugin(), signer), "ada")
	for _, claims := range []map[string]any{
		{"email": p.email}, {"email": p.email, "sub": "somebody"},
		{"email": p.email, "updateTo": "evil@example.com", "requestType": "change-email-verification"},
	} {
		token := p.post("/sign", map[string]any{"purpose": "email-verification", "expiresIn": 60, "claims": claims}).want(t, 200, "").get("token")
		if follows(p, token) {
			t.Errorf("%s is good", fmt.Sprint(claims))
		}
	}
}
