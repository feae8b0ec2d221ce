package kit

import "github.com/authhost/authhost/sdk"

// Tokens are random texts that stand for a value for a while, such as those of
// mailed links, which stand for a user. Each is good once. The manifest needs
// the capabilities random and verification.
//
// A token in a mail is about a user: make it with IssueFor. It is void then when
// the user is gone or has another address or password, and nobody who kept it
// can use it against who has the address by now.
type Tokens struct {
	Prefix   string // of the identifiers under which values are kept: "reset-password:"
	Length   int64  // characters of a token
	Alphabet string // of its characters, as Random.String takes it; default A-Z a-z 0-9
	// WhenVerified lets a token of IssueFor stay good when the address of its user
	// is verified meanwhile.
	WhenVerified bool
}

// Issue makes a token for a value, good for so many seconds.
func (t Tokens) Issue(c *sdk.Call, value string, lifetime int64) (token string, err error) {
	token, err = c.Random().String(t.Length, sdk.RandomStringOptions{Alphabet: t.Alphabet})
	if err == nil {
		_, err = c.Verifications().Create(t.Prefix+token, value, lifetime)
	}
	return token, err
}

// IssueFor makes a token for a value, good for so many seconds and as long as a
// user is as now.
func (t Tokens) IssueFor(c *sdk.Call, userID, value string, lifetime int64) (token string, err error) {
	token, err = c.Random().String(t.Length, sdk.RandomStringOptions{Alphabet: t.Alphabet})
	if err == nil {
		_, err = c.Verifications().CreateFor(t.Prefix+token, value, userID, lifetime, sdk.VerificationCreateForOptions{WhenVerified: t.WhenVerified})
	}
	return token, err
}

// Find returns what a token stands for. The error is sdk.NotFound if there is
// no such token, or not any more.
func (t Tokens) Find(c *sdk.Call, token string) (value string, err error) {
	kept, err := c.Verifications().Find(t.Prefix + token)
	return kept.Value, err
}

// Spend is Find, and uses the token up: of several calls at once, one gets the
// value.
func (t Tokens) Spend(c *sdk.Call, token string) (value string, err error) {
	kept, err := c.Verifications().Consume(t.Prefix + token)
	return kept.Value, err
}
