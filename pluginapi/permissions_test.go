package pluginapi

import (
	"slices"
	"testing"
)

// TestPermissions: every permission is one of the set, says what it gives away,
// and is told from capabilities by its name.
func TestPermissions(t *testing.T) {
	var all PermissionSet
	for _, p := range Permissions() {
		if p.Set&(p.Set-1) != 0 || all&p.Set != 0 || p.Set&PermCookies != 0 {
			t.Errorf("%s is not a permission of its own: %b", p.Name, p.Set)
		}
		all |= p.Set
		if p.Sees == "" && p.Changes == "" || p.Words() == "" || p.Set.String() != p.Name {
			t.Errorf("%s gives nothing away", p.Name)
		}
		if found, ok := PermissionNamed(p.Name); !ok || found.Set != p.Set {
			t.Errorf("%s is not found", p.Name)
		}
		for _, event := range p.Events {
			if need, ok := EventPermission(event); !ok || need.Name != p.Name || !slices.Contains(Events(), event) {
				t.Errorf("%s needs %q", event, need.Name)
			}
		}
	}
	if all|PermCookies != AllPermissions {
		t.Errorf("all permissions are %b, not %b", all, AllPermissions)
	}
	names := GrantNames()
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("two grants have one name: %v", names)
	}
	if _, ok := PermissionNamed("password"); ok {
		t.Error("there is a permission that is not there")
	}
	if need, ok := EventPermission(EventUserCreating); ok {
		t.Errorf("%s needs %s", EventUserCreating, need.Name)
	}
}

func TestPermissionScope(t *testing.T) {
	for want, p := range map[string]Permission{
		"sees user.notes; changes user.role, session.plan; reasons":                             {Name: "fields", Read: []string{"user.notes"}, Write: []string{"user.role", "session.plan"}, Reason: "reasons"},
		"changes which sites are trusted":                                                       {Name: "origins"},
		"sees and changes what tokens of other plugins say; adds a claim":                       {Name: "claims", Reason: "adds a claim"},
		"sees every mail, with its links and codes; changes to whom mails go and what they say": {Name: "mails"},
	} {
		if got := p.Scope(); got != want {
			t.Errorf("%s: %q, want %q", p.Name, got, want)
		}
	}
}

// TestWordsOfCrypto: without purposes a plugin has nothing of the tenant's secret.
func TestWordsOfCrypto(t *testing.T) {
	for want, c := range map[string]Capability{
		"crypto (signs and encrypts with the tenant's secret): purposes state":       {Name: CapCrypto, Purposes: []string{"state"}},
		"crypto (hashes, checks signatures, and signs with secrets of its settings)": {Name: CapCrypto},
	} {
		if got := c.Words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestKnowsPermissions(t *testing.T) {
	for abi, want := range map[string]bool{"1.0": false, "1.1": true, "1.2": true, "2.0": true, "0.9": false, "one": false} {
		if got := (&Manifest{ABI: abi}).KnowsPermissions(); got != want {
			t.Errorf("%s: %v", abi, got)
		}
	}
}

// TestGuards is the table of ABI.md, and what it has in more detail.
func TestGuards(t *testing.T) {
	const (
		both = PermPasswords | PermTokens
		own  = true
	)
	for _, tt := range []struct {
		path     string
		see, set PermissionSet
		own      bool
	}{
		{"request.body", 0, PermRequests, !own},
		{"request.body.email", 0, PermRequests, !own},
		{"request.body.password", PermPasswords, PermRequests | PermPasswords, !own},
		{"request.body.user.newPassword", PermPasswords, PermRequests | PermPasswords, !own},
		{"request.body.currentPassword.x", PermPasswords, PermRequests | PermPasswords, !own},
		{"request.body.token", PermTokens, PermRequests | PermTokens, !own},
		{"request.body.idToken.token", PermTokens, PermRequests | PermTokens, !own},
		{"request.body.code", PermTokens, PermRequests | PermTokens, !own},
		{"request.query.token", PermTokens, PermRequests | PermTokens, !own},
		{"request.query.callbackURL", 0, PermRequests, !own},
		{"request.params.token", PermTokens, PermTokens, !own},
		{"request.params.id", 0, 0, !own},
		{"request.rawBody", both, 0, !own},
		{"request.url", PermTokens, 0, !own},
		{"request.path", 0, 0, !own},
		{"request.headers.authorization", PermAuthorization, PermRequests | PermAuthorization, own},
		{"request.headers.AUTHORIZATION", PermAuthorization, PermRequests | PermAuthorization, own},
		{"request.headers.proxy-authorization", PermAuthorization, PermRequests | PermAuthorization, own},
		{"request.headers.x-api-key", PermAuthorization, PermRequests | PermAuthorization, own},
		{"request.headers.better-auth-cookie", PermAuthorization, PermRequests | PermAuthorization, own},
		{"request.headers.referer", PermTokens, PermRequests | PermTokens, !own},
		{"request.headers.accept", 0, PermRequests, !own},
		{"request", 0, 0, !own},
		{"session", 0, 0, own},
		{"session.session", 0, 0, own},
		{"session.session.token", PermTokens, PermTokens, own},
		{"session.session.id", 0, 0, own},
		{"session.user.token", 0, 0, !own},
		{"response.status", 0, PermResponses, !own},
		{"response.body", 0, PermResponses, !own},
		{"response.body.token", PermTokens, PermResponses | PermTokens, !own},
		{"response.body.0.session.token", PermTokens, PermResponses | PermTokens, !own},
		{"response.body.backupCodes.3", PermTokens, PermResponses | PermTokens, !own},
		{"response.body.code", 0, PermResponses, !own}, // of an error
		{"response.redirect", PermTokens, PermResponses, !own},
		{"response.headers.set-auth-token", PermTokens, PermResponses, !own},
		{"response.sessionToken", PermTokens, 0, own},
		{"response.cookies.state", 0, 0, !own},
		{"config.token", 0, 0, !own},
		{"result.session.token", 0, 0, !own},
		{"args.password", 0, 0, !own},
	} {
		path, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		see, set := Seeing(path), Setting(EventRequestAfter, path)
		if see.Need != tt.see || set.Need != tt.set || see.Own != tt.own || set.Own != tt.own {
			t.Errorf("%s: seeing takes %q, setting %q, own %v; want %q, %q, %v", tt.path, see.Need, set.Need, see.Own, tt.see, tt.set, tt.own)
		}
	}
	for path, want := range map[string]string{"request.body": "password", "session": "token", "session.session": "token", "response.body.session": "token"} {
		names, _ := ParsePath(path)
		if Seeing(names).Within[want] == 0 {
			t.Errorf("%s: %s is seen within it", path, want)
		}
	}
	if got := Setting(EventRequestBefore, []string{"response", "body"}).Need; got != PermRequests {
		t.Errorf("an answer in place of an endpoint takes %q", got)
	}
}

func TestRecordSecrets(t *testing.T) {
	for event, want := range map[string]string{
		EventSessionCreated: "token", EventSessionDeleting: "token", EventVerificationCreating: "identifier", EventUserCreating: "",
	} {
		secrets := RecordSecrets(event)
		if want == "" && secrets != nil || want != "" && secrets[want] != PermTokens {
			t.Errorf("%s: %v", event, secrets)
		}
	}
}
