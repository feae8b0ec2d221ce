package blueprint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/pluginapi"
)

// tenantMails makes the mails of a tenant's plugins ready, with what the
// operator says in their place.
func tenantMails(t *config.Tenant, manifests []*pluginapi.Manifest) (*mail.Templates, error) {
	files, err := config.ReadMails(t.Mail.Templates)
	if err != nil {
		return nil, err
	}
	overrides, err := overridesOf(files, (*config.MailText).Mail)
	if err != nil {
		return nil, err
	}
	templates := new(mail.Templates)
	if err := addTexts(t, manifests, files, "mail", func(m *pluginapi.Manifest) error { return templates.Add(m.ID, m, overrides) }); err != nil {
		return nil, err
	}
	// The mails of ABI 1.0 are known without a plugin, too: their names have
	// always been allowed.
	known := slices.Compact(slices.Sorted(slices.Values(append(templates.Names(), pluginapi.FixedMails()...))))
	for _, name := range slices.Sorted(maps.Keys(t.Mail.Subjects)) {
		if !slices.Contains(known, name) {
			return nil, t.Origin.Fault("/mail/subjects/"+name, fmt.Sprintf("no plugin of the tenant sends a mail %q", name), textsRemedy("mail", known))
		}
	}
	return templates, checkTextNames(t, files, "mail", known)
}
