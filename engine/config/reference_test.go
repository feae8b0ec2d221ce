package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const referenceIntro = `# Configuration reference

One YAML file, ` + "`authhost.yaml`" + `, configures a server. The server checks it strictly: an unknown key,
a wrong value or a contradiction stops the start with ` + "`file:line:column: what is wrong; what to do`" + `.
` + "`authhost config check`" + ` reports the same faults without starting the server.

* **Durations** have the form of Go, with days and weeks in addition: ` + "`90s`, `1h30m`, `7d`, `2w`" + `. A bare number counts seconds.
* **` + "`${NAME}`" + `** in any value stands for the value of an environment variable. ` + "`${NAME:-default}`" + ` has a
  default for a variable that is not set or empty. ` + "`$${`" + ` stands for ` + "`${`" + `. Inside ` + "`{ }` and `[ ]`" + `
  put it into quotes: ` + "`{url: \"${DATABASE_URL}\"}`" + `.
* **` + "`file:PATH`" + `** in secrets, and in texts of a plugin's ` + "`config`" + `, stands for the content of
  that file without its last line break. The value of a variable never names a file.
* **Relative paths** start at the folder of the configuration file.
* **Anchors** (` + "`&name`, `*name`, `<<`" + `) work, so that tenants can share settings.

This page and [authhost.schema.json](authhost.schema.json), which is for editors, are generated from the source.
`

// The reference is made like the schema: from the structs' tags and comments.
func TestReferenceIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString(referenceIntro)
	comments := fieldComments(t)
	for _, section := range []struct {
		path string
		t    reflect.Type
	}{
		{"", reflect.TypeFor[Config]()}, {"server", reflect.TypeFor[Server]()}, {"server.egress", reflect.TypeFor[Egress]()}, {"server.passwordHashing", reflect.TypeFor[HashLimits]()},
		{"store", reflect.TypeFor[Store]()}, {"store.postgres", reflect.TypeFor[Postgres]()}, {"redis", reflect.TypeFor[Redis]()}, {"mail", reflect.TypeFor[Mail]()}, {"mail.smtp", reflect.TypeFor[SMTP]()}, {"sms", reflect.TypeFor[SMS]()},
		{"audit", reflect.TypeFor[Audit]()}, {"limits", reflect.TypeFor[Limits]()}, {"tenants[]", reflect.TypeFor[Tenant]()}, {"tenants[].secrets[]", reflect.TypeFor[SecretVersion]()},
		{"tenants[].rateLimit", reflect.TypeFor[RateLimit]()}, {"tenants[].rateLimit.rules[]", reflect.TypeFor[RateRule]()},
		{"tenants[].keys", reflect.TypeFor[Keys]()}, {"tenants[].serviceKeys[]", reflect.TypeFor[ServiceKey]()}, {"tenants[].serviceKeys[].rateLimit", reflect.TypeFor[ServiceRate]()},
		{"tenants[].user", reflect.TypeFor[User]()}, {"tenants[].user.additionalFields[]", reflect.TypeFor[UserField]()}, {"`validator` of an additional field", reflect.TypeFor[Validator]()},
		{"tenants[].account", reflect.TypeFor[Account]()}, {"tenants[].account.additionalFields[]", reflect.TypeFor[AccountField]()},
		{"tenants[].session", reflect.TypeFor[Session]()}, {"tenants[].session.cookieCache", reflect.TypeFor[CookieCache]()}, {"tenants[].session.cookieCache.refreshCache", reflect.TypeFor[RefreshCache]()}, {"tenants[].session.additionalFields[]", reflect.TypeFor[SessionField]()}, {"tenants[].cookies", reflect.TypeFor[Cookies]()}, {"tenants[].cookies.overrides[]", reflect.TypeFor[CookieOverride]()},
		{"tenants[].passwords", reflect.TypeFor[Passwords]()},
		{"tenants[].mail", reflect.TypeFor[TenantMail]()}, {"A file of `tenants[].mail.templates`", reflect.TypeFor[MailText]()}, {"`body[]` of such a file", reflect.TypeFor[MailBlock]()},
		{"tenants[].sms", reflect.TypeFor[TenantSMS]()}, {"A file of `tenants[].sms.templates`", reflect.TypeFor[MessageText]()}, {"tenants[].outbox", reflect.TypeFor[Outbox]()}, {"tenants[].plugins[]", reflect.TypeFor[Plugin]()},
	} {
		title := "Top level"
		if strings.Contains(section.path, "`") {
			title = section.path
		} else if section.path != "" {
			title = "`" + section.path + "`"
		}
		fmt.Fprintf(&b, "\n## %s\n\n| key | default | meaning |\n|---|---|---|\n", title)
		for _, k := range keys(section.t) {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.name, defaultCell(section.t.Field(k.index).Type, k), cell(comments[section.t.Name()+"."+section.t.Field(k.index).Name]+choices(k)))
		}
	}
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("%s is not current; run go test ./engine/config -update\n%s", path, diff)
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func choices(k key) string {
	if enum := k.tag.Get("enum"); enum != "" {
		return " One of `" + strings.ReplaceAll(enum, ",", "`, `") + "`."
	}
	return ""
}

func defaultCell(t reflect.Type, k key) string {
	switch text := k.tag.Get("default"); {
	case k.required:
		return "**required**"
	case text == "":
		return ""
	case t.Kind() == reflect.Slice:
		return "`[" + text + "]`"
	default:
		return "`" + text + "`"
	}
}
