package sdk

// HTTP is the capability "http": requests to other servers, which the host
// makes. The manifest lists the hosts that may be called.
type HTTP struct{ c *Call }

// HTTP returns the capability.
func (c *Call) HTTP() HTTP { return HTTP{c} }

// HTTPRequest is one request. At most one of Form, JSON and Body is given.
// Values made by Secret are allowed in Headers, Form, Username, Password and
// Bearer: the host fills them in.
type HTTPRequest struct {
	Method    string // default GET
	URL       string
	Headers   []Field
	Form      []Field // application/x-www-form-urlencoded, in this order
	JSON      Value
	Body      Value // text
	Username  Value // basic authentication
	Password  Value
	Bearer    Value
	TimeoutMs int64 // default 5000
	// CacheSeconds lets the host keep the answer to a GET request without
	// headers, body and credentials, if its status is 200.
	CacheSeconds int64
	Follow       bool // follow redirects of GET requests
}

// kindSecret is the kind of a Value made by Secret. It never crosses the ABI.
const kindSecret Kind = 255

// Secret stands for a text of the plugin's configuration that the plugin
// itself cannot read, such as "clientSecret". It can be used in an HTTPRequest
// and nowhere else.
func Secret(path string) Value { return Value{kindSecret, path} }

// Do makes a request. Of one that was answered, whatever the answer's HTTP
// status, the result is OK: result.status, result.headers.NAME with the name in
// lower case, and result.body, which is JSON if the answer is, and else a text.
func (h HTTP) Do(r HTTPRequest) Status {
	c := h.c
	if r.Method != "" {
		c.Arg("method", String(r.Method))
	}
	c.Arg("url", String(r.URL))
	for _, f := range r.Headers {
		c.secretArg("headers.", EscapeName(f.Name), f.Value)
	}
	for _, f := range r.Form {
		c.secretArg("form.", EscapeName(f.Name), f.Value)
	}
	c.given("json", r.JSON)
	c.given("body", r.Body)
	for _, f := range [...]Field{{"username", r.Username}, {"password", r.Password}, {"bearer", r.Bearer}} {
		if !f.Value.IsAbsent() {
			c.secretArg("auth.", f.Name, f.Value)
		}
	}
	if r.TimeoutMs > 0 {
		c.Arg("timeoutMs", Int(r.TimeoutMs))
	}
	if r.CacheSeconds > 0 {
		c.Arg("cacheSeconds", Int(r.CacheSeconds))
	}
	if r.Follow {
		c.Arg("followRedirects", Bool(true))
	}
	return c.host.http("request")
}

// RemoteToken says what a token of another server must be.
type RemoteToken struct {
	Token    Value  // the JWT; Copy keeps it out of the plugin's memory
	JWKSURL  string // where the server publishes its keys
	Issuer   Value  // a text, or JSON for an array of them; "{claim}" stands for a claim
	Audience Value  // likewise
	Nonce    Value  // absent: not checked
	MaxAge   int64  // seconds since it was issued; 0: not checked
}

// VerifyToken checks a token with the keys that another server publishes, and
// its times, issuer and audience. The claims are at result.claims. Of a bad
// token the status is Invalid, and result.code says what is wrong: "expired",
// "issuer", "audience", "nonce", "key" or "invalid".
func (h HTTP) VerifyToken(t RemoteToken) Status {
	c := h.c
	c.Arg("token", t.Token)
	c.Arg("jwksUrl", String(t.JWKSURL))
	c.Arg("issuer", t.Issuer)
	c.Arg("audience", t.Audience)
	c.given("nonce", t.Nonce)
	if t.MaxAge > 0 {
		c.Arg("maxAge", Int(t.MaxAge))
	}
	return c.host.http("verifyToken")
}

func (c *Call) given(name string, v Value) {
	if !v.IsAbsent() {
		c.Arg(name, v)
	}
}

// secretArg sets an argument; of a secret, its place and name.
func (c *Call) secretArg(prefix, name string, v Value) {
	if v.kind == kindSecret {
		c.Arg("secrets."+EscapeName(prefix+name), String(v.text))
		return
	}
	c.put("args."+prefix, name, v)
}

// HMACWithSecret returns HMAC-SHA256 of a value under a secret of the
// configuration, for receivers that know the secret. With base64 the secret is
// decoded first, without a prefix such as "whsec_". encoding is "base64url",
// "base64" or "hex".
func (x Crypto) HMACWithSecret(path string, value Value, base64 bool, encoding string) (string, Status) {
	x.c.Arg("secret", String(path))
	x.c.Arg("value", value)
	x.c.Arg("encoding", String(encoding))
	if base64 {
		x.c.Arg("key", String("base64"))
	}
	return x.text("hmac", "mac")
}

// Digest returns the SHA-256 hash of a value. encoding is "base64url",
// "base64" or "hex".
func (x Crypto) Digest(value Value, encoding string) (string, Status) {
	x.c.Arg("value", value)
	x.c.Arg("encoding", String(encoding))
	return x.text("digest", "digest")
}
