package kit

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

const (
	oneTimePrefix = "one-time-token:" // of the identifier under which a token is kept
	oneTimeLength = 32                // characters of 62: 190 bits
	oneTimeReason = "one-time-token"  // of a session that was handed over, for hooks
	expiryMark    = " "               // between the session's token and when it ends, in what is kept
)

// OneTimeTokens hand sessions over: one client gets a token for its session, and
// whoever exchanges the token, once and soon, is in that session, too. The
// manifest needs the capabilities random, session and verification, and the
// permission tokens.
type OneTimeTokens struct {
	// Lifetime is how long a token is good, in seconds.
	Lifetime int64
	// Digest makes of a token what it is kept as, so that it cannot be used by
	// somebody who reads the store. Without it a token is kept as it is.
	Digest func(token string) string
	// CookieLess lets Exchange show the session without its cookie.
	CookieLess bool
	// Unknown is the refusal of a token that there is not, or not any more.
	Unknown *sdk.Error
	// Ended is the refusal of a token whose session has ended. The token is used
	// up.
	Ended *sdk.Error
	// Expired is the refusal of a token whose session has ended by itself since;
	// nil: Ended is.
	Expired *sdk.Error
}

// Issue makes a token for the session of the request, or the one that was just
// issued.
func (t OneTimeTokens) Issue(c *sdk.Call) (string, error) {
	token, err := c.Random().String(oneTimeLength, sdk.RandomStringOptions{})
	if err != nil {
		return "", err
	}
	session := c.Session()
	_, err = c.Verifications().Create(t.identifier(token), session.Token+expiryMark+session.ExpiresAt, t.Lifetime)
	return token, err
}

// Exchange uses a token up and answers with its session and user.
func (t OneTimeTokens) Exchange(c *sdk.Call, token string) error {
	kept, err := c.Verifications().Consume(t.identifier(token))
	if err != nil {
		return sdk.IfNotFound(err, t.Unknown)
	}
	session, expires, _ := strings.Cut(kept.Value, expiryMark)
	found, err := t.enter(c, session)
	if err != nil {
		return sdk.IfNotFound(err, t.refusal(c, expires).KeepWrites())
	}
	return c.Reply(sdk.F("session", found.Session.Fields), sdk.F("user", found.User.Fields))
}

// refusal is that of a token whose session is not there any more. expires is
// when it was to end.
func (t OneTimeTokens) refusal(c *sdk.Call, expires string) *sdk.Error {
	end, known := sdk.ParseDate(expires)
	if t.Expired == nil || !known || c.Now() < end {
		return t.Ended
	}
	return t.Expired
}

// enter makes the session with a token the client's, if it gets cookies.
func (t OneTimeTokens) enter(c *sdk.Call, session string) (sdk.SessionAdoptResult, error) {
	if t.CookieLess {
		found, err := c.Sessions().Find(session)
		return sdk.SessionAdoptResult(found), err
	}
	return c.Sessions().Adopt(session, sdk.SessionAdoptOptions{Reason: oneTimeReason})
}

func (t OneTimeTokens) identifier(token string) string {
	if t.Digest != nil {
		token = t.Digest(token)
	}
	return oneTimePrefix + token
}
