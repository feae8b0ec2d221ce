package blueprint

import (
	"errors"
	"fmt"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/pluginapi"
)

// tenantMessages makes the text messages of a tenant's plugins ready, with what
// the operator says in their place.
func tenantMessages(t *config.Tenant, manifests []*pluginapi.Manifest) (*sms.Templates, error) {
	files, err := config.ReadMessages(t.SMS.Templates)
	if err != nil {
		return nil, err
	}
	overrides, err := overridesOf(files, func(m *config.MessageText) string { return m.Text })
	if err != nil {
		return nil, err
	}
	templates := new(sms.Templates)
	if err := addTexts(t, manifests, files, "message", func(m *pluginapi.Manifest) error { return templates.Add(m.ID, m, overrides) }); err != nil {
		return nil, err
	}
	return templates, checkTextNames(t, files, "message", templates.Names())
}

// CheckSending finds tenants whose plugins send what nothing delivers, unless the
// operator says that nobody is to get it. Manifests are those of the tenant's
// plugins, in their order; nil for one that cannot be read.
func CheckSending(cfg *config.Config, t *config.Tenant, manifests []*pluginapi.Manifest) error {
	if cfg.Server.Development {
		return nil // everything is caught
	}
	var faults []error
	for _, way := range []struct {
		capability, what, remedy string
		delivers                 bool // or nobody is to get them
	}{
		{pluginapi.CapEmail, "mails, but there is no mail server", "set mail.smtp; or, if nobody is to get mails, mail.disabled: true", cfg.Mail.SMTP != nil || cfg.Mail.Disabled},
		{pluginapi.CapSMS, "text messages, but there is no provider of them", "set sms.url; or, if nobody is to get text messages, sms.disabled: true", cfg.SMS.URL != "" || cfg.SMS.Disabled},
	} {
		if way.delivers {
			continue
		}
		first, ids := 0, []string{}
		for i, m := range manifests {
			if m == nil {
				continue
			}
			if _, sends := m.Capability(way.capability); sends {
				if len(ids) == 0 {
					first = i
				}
				ids = append(ids, m.ID)
			}
		}
		if len(ids) > 0 {
			faults = append(faults, t.Origin.Fault(fmt.Sprintf("/plugins/%d", first), fmt.Sprintf("tenant %q has plugins that send %s: %s", t.ID, way.what, strings.Join(ids, ", ")), way.remedy))
		}
	}
	return errors.Join(faults...)
}
