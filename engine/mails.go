package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// tenantMails makes the mails of a tenant's plugins ready, with what the
// operator says in their place.
func tenantMails(t *config.Tenant, manifests []*pluginapi.Manifest) (*mail.Templates, error) {
	files, err := config.ReadMails(t.Mail.Templates)
	if err != nil {
		return nil, err
	}
	overrides, err := mailOverrides(files)
	if err != nil {
		return nil, err
	}
	templates := new(mail.Templates)
	for _, m := range manifests {
		err := templates.Add(m.ID, m, overrides)
		var fault *postbox.OverrideError
		if errors.As(err, &fault) {
			file := files[slices.IndexFunc(overrides, func(o mail.Override) bool {
				return o.Name == fault.Name && o.Language == fault.Language
			})]
			return nil, file.Fault(fmt.Sprintf("mail %s of the plugin %q: %v", file.Name, m.ID, err), "correct the file; the variables are those that the plugin's manifest declares")
		}
		if err != nil {
			return nil, t.Origin.Fault("/plugins", fmt.Sprintf("plugin %q: %v", m.ID, err), otherBuild)
		}
	}
	return templates, checkMailNames(t, files, templates.Names())
}

// mailOverrides takes the folders of files for languages.
func mailOverrides(files []config.MailFile) ([]mail.Override, error) {
	overrides := make([]mail.Override, len(files))
	for i := range files {
		language, err := postbox.ParseLanguage(files[i].Language)
		if err != nil {
			return nil, files[i].Fault(err.Error(), "name the folder after a language")
		}
		overrides[i] = mail.Override{Name: files[i].Name, Language: language, Text: files[i].Text.Mail()}
	}
	return overrides, nil
}

// checkMailNames finds subjects and files for mails that no plugin sends. The
// mails of ABI 1.0 are known without a plugin, too: their names have always
// been allowed.
func checkMailNames(t *config.Tenant, files []config.MailFile, names []string) error {
	known := slices.Compact(slices.Sorted(slices.Values(append(names, pluginapi.FixedMails()...))))
	remedy := "the mails are " + strings.Join(known, ", ")
	for _, name := range slices.Sorted(maps.Keys(t.Mail.Subjects)) {
		if !slices.Contains(known, name) {
			return t.Origin.Fault("/mail/subjects/"+name, fmt.Sprintf("no plugin of the tenant sends a mail %q", name), remedy)
		}
	}
	for i := range files {
		if !slices.Contains(known, files[i].Name) {
			return files[i].Fault(fmt.Sprintf("no plugin of tenant %q sends a mail %q", t.ID, files[i].Name), remedy)
		}
	}
	return nil
}

// tenantMail returns what sends a tenant's mails, nil if nothing does.
func (g *generation) tenantMail(t *config.Tenant, templates *mail.Templates) mail.Sender {
	r := mail.Renderer{AppName: t.AppName, From: t.Mail.From, Subjects: t.Mail.Subjects, Templates: templates}
	switch {
	case g.queue != nil:
		return g.queue.Rendering(r)
	case g.outbox != nil:
		r.Next = g.outbox
		return r
	}
	return nil
}
