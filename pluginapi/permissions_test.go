package pluginapi

import (
	"os"
	"slices"
	"strings"
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

// TestPermissionsInABI: the table of ABI.md is that of Permissions.
func TestPermissionsInABI(t *testing.T) {
	text, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| permission | sees | changes | hooks that need it |\n|---|---|---|---|\n")
	for _, p := range Permissions() {
		events := ""
		if len(p.Events) > 0 {
			events = "`" + strings.Join(p.Events, "`, `") + "`"
		}
		b.WriteString("| `" + p.Name + "` | " + p.Sees + " | " + p.Changes + " | " + events + " |\n")
	}
	if !strings.Contains(string(text), b.String()) {
		t.Errorf("ABI.md does not have this table:\n%s", b.String())
	}
}

// TestGuardsInABI: so is the table of what guards the document.
func TestGuardsInABI(t *testing.T) {
	text, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| path | to see it | to set it |\n|---|---|---|\n")
	if !found {
		t.Fatal("there is no table")
	}
	var above []string // the paths that a row with … goes on from
	rows := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			break
		}
		names, see, set := quotedIn(cells[1]), permissionsIn(cells[2]), permissionsIn(cells[3])
		switch {
		case strings.HasPrefix(names[0], "record."), strings.Contains(cells[2], "capability `cookies`"):
			continue // which are not a matter of the path alone
		case strings.Contains(cells[1], "…"):
			for i := range names {
				names[i] = strings.TrimSuffix(above[0], ".NAME") + "." + names[i]
				for _, path := range above[1:] {
					names = append(names, path+strings.TrimPrefix(names[i], above[0]))
				}
			}
		default:
			above = names
		}
		for _, path := range names {
			if path == "request.path" {
				continue // it is a matter of the route
			}
			rows++
			split, err := ParsePath(path)
			if err != nil {
				t.Fatal(err)
			}
			seeing, setting := Seeing(split), Setting(EventRequestAfter, split)
			if seeing.Need != see || set != 0 && setting.Need != set {
				t.Errorf("%s takes %q to be seen and %q to be set; ABI.md says %q and %q", path, seeing.Need, setting.Need, see, set)
			}
		}
	}
	if rows < 40 {
		t.Errorf("only %d paths were checked", rows)
	}
}

// quotedIn lists what a text has in backticks.
func quotedIn(text string) (out []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

func permissionsIn(text string) (set PermissionSet) {
	for _, name := range quotedIn(text) {
		info, _ := PermissionNamed(name)
		set |= info.Set
	}
	return set
}
