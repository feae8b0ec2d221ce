package config

import (
	"fmt"
	"net/url"

	"github.com/authhost/authhost/engine/sms"
)

// sms checks the provider of text messages.
func (c *checker) sms() {
	o, s := c.config.Origin, c.config.SMS
	for i, secret := range s.Secrets {
		if _, err := sms.DecodeSecret(secret.Reveal()); err != nil {
			c.at(o, fmt.Sprintf("/sms/secrets/%d", i), "it is not a secret of Standard Webhooks", `write "whsec_" and the output of "openssl rand -base64 24", usually as file:PATH or ${NAME}`)
		}
	}
	if s.URL == "" {
		return
	}
	if s.Disabled {
		c.at(o, "/sms/disabled", "text messages are disabled, and there is a provider", "remove sms.disabled, or sms.url")
	}
	if len(s.Secrets) == 0 {
		c.at(o, "/sms", "sms.secrets is missing", "write the secret that the receiver checks signatures with")
	}
	u, err := url.Parse(s.URL.Reveal())
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || !validHost(u.Host) || u.Fragment != "":
		c.at(o, "/sms/url", "sms.url is not a URL that messages can be posted to", "write a URL such as https://sms.example.com/messages")
	case u.Scheme == "http" && !loopback(u.Hostname()) && !c.config.Server.Development:
		c.at(o, "/sms/url", "sms.url is not encrypted, so codes could be read on the way", "use https; plain http is for this host, and for development")
	}
}
