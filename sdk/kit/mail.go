package kit

import (
	"cmp"

	"github.com/authhost/authhost/sdk"
)

// LinkMail is a mail with a link to an endpoint of the tenant. The endpoint
// gets the parameters token and callbackURL.
type LinkMail struct {
	To, Template string
	Path         string // of the endpoint, below the base path: "/verify-email"
	Token        string
	CallbackURL  string // where the endpoint sends the browser afterwards; default "/"
}

// Send sends the mail after the commit. The manifest needs the capability
// email.
func (m LinkMail) Send(c *sdk.Call) error {
	url := c.Tenant("authURL").String() + m.Path + "?token=" + sdk.EncodeURIComponent(m.Token) +
		"&callbackURL=" + sdk.EncodeURIComponent(cmp.Or(m.CallbackURL, "/"))
	return c.Email().Send(m.To, m.Template, sdk.EmailSendOptions{URL: url, Token: m.Token})
}

// SendSigned sends the mail with a token that the host signs: with claims, for
// a purpose, good for some seconds. The manifest needs the capability crypto
// with the purpose, besides email.
func (m LinkMail) SendSigned(c *sdk.Call, purpose string, expiresIn int64, claims ...sdk.Field) error {
	token, err := c.Crypto().SignToken(purpose, expiresIn, sdk.SignTokenOptions{Claims: claims})
	if err != nil {
		return err
	}
	m.Token = token
	return m.Send(c)
}
