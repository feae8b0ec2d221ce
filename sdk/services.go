package sdk

// Verifications is the capability "verification": values that are kept under
// an identifier for a short time, such as what a mailed token stands for.
type Verifications struct{ c *Call }

// Verifications returns the capability.
func (c *Call) Verifications() Verifications { return Verifications{c} }

// Create keeps a value for so many seconds. An earlier one under the same
// identifier is replaced.
func (v Verifications) Create(identifier, value string, seconds int64) Status {
	v.c.Arg("identifier", String(identifier))
	v.c.Arg("value", String(value))
	v.c.Arg("expiresIn", Int(seconds))
	return v.c.host.verification("create")
}

// Find returns the value under an identifier; NotFound if there is none or
// its time is over.
func (v Verifications) Find(identifier string) (string, Status) { return v.read("find", identifier) }

// Consume is Find and deletes the value: of several handlers that consume it
// at once, one gets it.
func (v Verifications) Consume(identifier string) (string, Status) {
	return v.read("consume", identifier)
}

func (v Verifications) read(fn, identifier string) (string, Status) {
	v.c.Arg("identifier", String(identifier))
	if s := v.c.host.verification(fn); s != OK {
		return "", s
	}
	return v.c.Result("value").String(), OK
}

// Delete deletes the value under an identifier, if there is one.
func (v Verifications) Delete(identifier string) Status {
	v.c.Arg("identifier", String(identifier))
	return v.c.host.verification("delete")
}

// Crypto is the capability "crypto". Keys stay in the host; a purpose, which
// the manifest declares, keeps the tokens of one use from being good for
// another.
type Crypto struct{ c *Call }

// Crypto returns the capability.
func (c *Call) Crypto() Crypto { return Crypto{c} }

// SignToken signs claims as a JWT (HS256) that is good for so many seconds.
func (x Crypto) SignToken(purpose string, seconds int64, claims ...Field) (string, Status) {
	x.c.args("args.claims.", claims)
	x.c.Arg("purpose", String(purpose))
	x.c.Arg("expiresIn", Int(seconds))
	return x.text("signToken", "token")
}

// VerifyToken checks a token from SignToken. The claims are at result.claims.
// Of a bad one the status is Invalid and result.code "expired" or "invalid".
func (x Crypto) VerifyToken(purpose string, token Value) Status {
	x.c.Arg("purpose", String(purpose))
	x.c.Arg("token", token)
	return x.c.host.crypto("verifyToken")
}

// Seal encrypts and authenticates a value.
func (x Crypto) Seal(purpose string, value Value) (string, Status) {
	x.c.Arg("purpose", String(purpose))
	x.c.Arg("value", value)
	return x.text("seal", "sealed")
}

// Open returns a sealed value; Invalid if it is not one of the purpose.
func (x Crypto) Open(purpose string, sealed Value) (string, Status) {
	x.c.Arg("purpose", String(purpose))
	x.c.Arg("sealed", sealed)
	return x.text("open", "value")
}

// HMAC returns a keyed hash of a value, as base64url text.
func (x Crypto) HMAC(purpose string, value Value) (string, Status) {
	x.c.Arg("purpose", String(purpose))
	x.c.Arg("value", value)
	return x.text("hmac", "mac")
}

func (x Crypto) text(fn, member string) (string, Status) {
	if s := x.c.host.crypto(fn); s != OK {
		return "", s
	}
	return x.c.Result(member).String(), OK
}

// Keys is the capability "keys": the tenant's signing keys, by use. The
// manifest lists the uses.
type Keys struct{ c *Call }

// Keys returns the capability.
func (c *Call) Keys() Keys { return Keys{c} }

// Sign signs the claims that were put at args.claims (see Call.Arg) as a JWT
// that is good for so many seconds. alg is RS256, PS256, ES256,
// ES512 or EdDSA.
func (k Keys) Sign(use, alg string, seconds int64) (string, Status) {
	k.c.Arg("use", String(use))
	k.c.Arg("alg", String(alg))
	k.c.Arg("expiresIn", Int(seconds))
	if s := k.c.host.keys("sign"); s != OK {
		return "", s
	}
	return k.c.Result("token").String(), OK
}

// SignOrReuse is Sign, but may give a token that was signed before for the very
// same claims and is good for at least left seconds more: for tokens that are
// handed out at every look at a session. The host adds a random jti, so that
// new tokens differ.
func (k Keys) SignOrReuse(use, alg string, seconds, left int64) (string, Status) {
	k.c.Arg("id", Bool(true))
	if left > 0 {
		k.c.Arg("reuse", Int(left))
	}
	return k.Sign(use, alg, seconds)
}

// Verify checks a token that a key of the use and algorithm has signed, and its
// times. The claims are at result.claims; whom they are from and for is the
// caller's to check. Of a bad one the status is Invalid and result.code
// "expired" or "invalid".
func (k Keys) Verify(use, alg string, token Value) Status {
	k.c.Arg("use", String(use))
	k.c.Arg("alg", String(alg))
	k.c.Arg("token", token)
	return k.c.host.keys("verify")
}

// Reserve keeps token.claims hooks of other plugins from setting or changing
// claims of the token that is signed next.
func (k Keys) Reserve(names ...string) {
	for _, name := range names {
		k.c.Arg("reserved.-", String(name))
	}
}

// JWKS reads the public keys of a use: they are at result.keys, and
// result.maxAge says for how many seconds they may be cached.
func (k Keys) JWKS(use, alg string) Status {
	k.c.Arg("use", String(use))
	k.c.Arg("alg", String(alg))
	return k.c.host.keys("jwks")
}

// Mail is a message. Template names the text; the tenant's operator may
// change it. Empty members are left out.
type Mail struct {
	To       string
	Template string
	Subject  string // default: the template's
	URL      string
	Token    string
	OTP      string
	Data     []Field // further values for the template
}

// Email is the capability "email".
type Email struct{ c *Call }

// Email returns the capability.
func (c *Call) Email() Email { return Email{c} }

// Send sends a message once the handler's writes are committed.
func (e Email) Send(m Mail) Status {
	e.c.args("args.data.", m.Data)
	for _, f := range [...]Field{
		{"to", String(m.To)}, {"template", String(m.Template)}, {"subject", String(m.Subject)},
		{"url", String(m.URL)}, {"token", String(m.Token)}, {"otp", String(m.OTP)},
	} {
		if f.Value.text != "" {
			e.c.Arg(f.Name, f.Value)
		}
	}
	return e.c.host.email("send")
}

// Alphabets of Random.String.
const (
	Alnum   = ""       // A-Z a-z 0-9
	Lower   = "lower"  // a-z 0-9
	Upper   = "upper"  // A-Z
	Digits  = "digits" // 0-9
	URLSafe = "url"    // A-Z a-z 0-9 - _
)

// Random is the capability "random": randomness that is fit for secrets.
type Random struct{ c *Call }

// Random returns the capability.
func (c *Call) Random() Random { return Random{c} }

// String returns n random characters of an alphabet: one of the constants
// above, or the characters themselves.
func (r Random) String(n int, alphabet string) (string, Status) {
	r.c.Arg("length", Int(int64(n)))
	if alphabet != "" {
		r.c.Arg("alphabet", String(alphabet))
	}
	return r.value("string")
}

// UUID returns a random UUID (RFC 9562, version 4).
func (r Random) UUID() (string, Status) { return r.value("uuid") }

func (r Random) value(fn string) (string, Status) {
	if s := r.c.host.random(fn); s != OK {
		return "", s
	}
	return r.c.Result("value").String(), OK
}

// RateLimit is the capability "ratelimit".
type RateLimit struct{ c *Call }

// RateLimit returns the capability.
func (c *Call) RateLimit() RateLimit { return RateLimit{c} }

// Hit counts one use of a key, of at most max in a window of seconds. If it
// is not allowed, retryAfter is the number of seconds to wait.
func (r RateLimit) Hit(key string, window, max int64) (allowed bool, retryAfter int64, s Status) {
	r.c.Arg("key", String(key))
	r.c.Arg("window", Int(window))
	r.c.Arg("max", Int(max))
	if s = r.c.host.rateLimit("hit"); s != OK {
		return false, 0, s
	}
	return r.c.Result("allowed").IsTrue(), r.c.Result("retryAfter").Int(0), OK
}

// Reset forgets the uses of a key, such as wrong guesses after a right one.
func (r RateLimit) Reset(key string) Status {
	r.c.Arg("key", String(key))
	return r.c.host.rateLimit("reset")
}

// Audit is the capability "audit".
type Audit struct{ c *Call }

// Audit returns the capability.
func (c *Call) Audit() Audit { return Audit{c} }

// Record writes an event to the audit log once the handler's writes are
// committed. userID is who the event is about, "" for the session's user.
func (a Audit) Record(action, userID string, details ...Field) Status {
	a.c.args("args.details.", details)
	a.c.Arg("action", String(action))
	if userID != "" {
		a.c.Arg("userId", String(userID))
	}
	return a.c.host.audit("record")
}

// OpenAPI is the capability "openapi": the description of what the tenant
// serves.
type OpenAPI struct{ c *Call }

// OpenAPI returns the capability.
func (c *Call) OpenAPI() OpenAPI { return OpenAPI{c} }

// Describe reads the document (OpenAPI 3.1): it is at result.
func (o OpenAPI) Describe() Status { return o.c.host.openAPI("describe") }
