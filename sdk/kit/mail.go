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
	Decoy        bool   // nothing is sent, at the cost of a mail; see sdk.EmailSendOptions
}

// Send sends the mail after the commit. The manifest needs the capability
// email.
func (m LinkMail) Send(c *sdk.Call) error {
	url := c.Tenant("authURL").String() + m.Path + "?token=" + sdk.EncodeURIComponent(m.Token) +
		"&callbackURL=" + sdk.EncodeURIComponent(cmp.Or(m.CallbackURL, "/"))
	return c.Email().Send(m.To, m.Template, sdk.EmailSendOptions{URL: url, Token: m.Token, Decoy: m.Decoy})
}

// SendSigned sends the mail with a token that the host signs: for a purpose,
// good for some seconds. Name the user whom the mail is about in the options:
// the token is void then when the user is gone or has changed. A decoy that names
// no user is about Nobody. The manifest needs the capability crypto with the
// purpose, besides email.
func (m LinkMail) SendSigned(c *sdk.Call, purpose string, expiresIn int64, o sdk.SignTokenOptions) error {
	if m.Decoy && o.UserID == "" {
		o.UserID = Nobody
	}
	token, err := c.Crypto().SignToken(purpose, expiresIn, o)
	if err != nil {
		return err
	}
	m.Token = token
	return m.Send(c)
}
