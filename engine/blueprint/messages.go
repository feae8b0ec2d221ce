package blueprint

import (
	"fmt"

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

// Unsent says which plugins of a tenant send what nothing delivers, as far as
// the configuration shows: a warning for each.
func Unsent(cfg *config.Config, t *config.Tenant, i int, m *pluginapi.Manifest) (faults []*config.Error) {
	if cfg.Server.Development {
		return nil // everything is kept
	}
	for _, way := range []struct {
		capability, what, remedy string
		there                    bool
	}{
		{pluginapi.CapEmail, "sends mails, but no mail server is configured: they are dropped", "set mail.smtp", cfg.Mail.SMTP != nil},
		{pluginapi.CapSMS, "sends text messages, but no provider is configured: it cannot send them", "set sms.url", cfg.SMS.URL != ""},
	} {
		if _, sends := m.Capability(way.capability); sends && !way.there {
			faults = append(faults, t.Origin.Fault(fmt.Sprintf("/plugins/%d", i), fmt.Sprintf("plugin %q of tenant %q %s", m.ID, t.ID, way.what), way.remedy))
		}
	}
	return faults
}
