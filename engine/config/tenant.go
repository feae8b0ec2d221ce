package config

import "net/netip"

// Tenant is one isolated auth realm.
type Tenant struct {
	// Id in logs, metrics and file names; it never changes. 1 to 63 of a-z, 0-9 and "-".
	ID string `yaml:"id,required"`
	// Number of this configuration of the tenant, for nodes that share a PostgreSQL. They must have the same secret, URL and plugins; a node with a higher number may change them, and those with a lower one do not start any more.
	Revision int `yaml:"revision" default:"0" min:"0"`
	// Name of the application, used in mails.
	AppName string `yaml:"appName" default:"Better Auth"`
	// Public URL of the server as browsers see it (http or https), without the base path. Links in mails start with it.
	BaseURL string `yaml:"baseURL,required"`
	// Further public URLs of this tenant. A request to the host of one gets links that start with it; "https://*.example.com" stands for all subdomains. Their sites are trusted origins. The Host header chooses among these URLs and never makes one: other hosts get baseURL.
	BaseURLs []string `yaml:"baseURLs"`
	// Version of the Better Auth protocol that clients speak, where 1.6 and 1.7 differ and a request does not tell.
	Dialect string `yaml:"dialect" default:"1.6" enum:"1.6,1.7"`
	// Path below baseURL at which the auth endpoints are.
	BasePath string `yaml:"basePath" default:"/api/auth"`
	// Address (host:port) of a listener for this tenant alone or for those that name the same address; default is server.listen.
	Listen string `yaml:"listen"`
	// Host names (with a port, if it is not the scheme's) whose requests are this tenant's; default are the hosts of baseURL and baseURLs. "*.example.com" stands for all subdomains.
	Hosts []string `yaml:"hosts"`
	// First part of the paths of this tenant, such as /t/acme, when several tenants share a host. It is cut off before routing.
	PathPrefix string `yaml:"pathPrefix"`
	// Serve the records that are still there of a tenant of this id that was removed from the configuration before. Without it such a tenant is refused.
	Revive bool `yaml:"revive" default:"false"`
	// Secret that signs cookies and encrypts what is stored, at least 32 random characters. Usually ${NAME} or file:PATH. May be left out in development.
	Secret Secret `yaml:"secret"`
	// Instead of secret: several versions. The first signs and encrypts, the others still decrypt.
	Secrets []SecretVersion `yaml:"secrets"`
	// Origins besides baseURL's that may call the server and be redirected to. "*" and "?" are wildcards: https://*.example.com, myapp://.
	TrustedOrigins []string `yaml:"trustedOrigins"`
	// Answer CORS requests of trusted origins.
	CORS bool `yaml:"cors" default:"false"`
	// With cors: headers that requests of the app may carry beside those of the protocol, such as x-app-version or traceparent.
	CORSHeaders []string `yaml:"corsHeaders"`
	// Records of users.
	User User `yaml:"user"`
	// Records of accounts, which link users to providers.
	Account Account `yaml:"account"`
	// Lifetimes and records of sessions.
	Session Session `yaml:"session"`
	// Names and attributes of cookies.
	Cookies Cookies `yaml:"cookies"`
	// Password hashing.
	Passwords Passwords `yaml:"passwords"`
	// Request headers that carry the client's address, in order of preference, such as x-forwarded-for. Only for servers behind a proxy that sets them: with server.trustedProxies they count when the proxy sends them, without it they are believed from anybody, as Better Auth does. Left out, the address is that of the connection, or of X-Forwarded-For behind a trusted proxy, or else of Forwarded.
	IPHeaders []string `yaml:"ipHeaders"`
	// Addresses or CIDR ranges of reverse proxies in front of this tenant, instead of server.trustedProxies.
	TrustedProxies []netip.Prefix `yaml:"trustedProxies"`
	// How many leading bits of an IPv6 address tell clients apart: sessions record, and limits count, the network. One subscriber usually has a /64 or more.
	IPv6Subnet int `yaml:"ipv6Subnet" default:"64" min:"32" max:"128"`
	// How often one client may call an endpoint.
	RateLimit RateLimit `yaml:"rateLimit"`
	// When the keys change that sign tokens for other services.
	Keys Keys `yaml:"keys"`
	// Keys with which servers of the application call the endpoints that they name.
	ServiceKeys []ServiceKey `yaml:"serviceKeys"`
	// Endpoints, as paths below basePath, that answer 404.
	DisabledPaths []string `yaml:"disabledPaths"`
	// Do not check the Origin header of requests with cookies. Dangerous: it opens cross-site request forgery.
	DisableCSRFCheck bool `yaml:"disableCSRFCheck" default:"false"`
	// Do not check origins and redirect targets at all. Dangerous: it opens redirects to any site.
	DisableOriginCheck bool `yaml:"disableOriginCheck" default:"false"`
	// Page of the app (URL or path) that browsers are sent to with ?error=CODE when something fails on the way, instead of the server's own page at /error.
	ErrorURL string `yaml:"errorURL"`
	// How the server's own page for errors looks.
	ErrorPage ErrorPage `yaml:"errorPage"`
	// Mails of this tenant.
	Mail TenantMail `yaml:"mail"`
	// Text messages of this tenant.
	SMS TenantSMS `yaml:"sms"`
	// Events that plugins must not miss, such as those that webhooks sends.
	Outbox Outbox `yaml:"outbox"`
	// Plugins, in the order in which their hooks run unless their manifests say otherwise.
	Plugins []Plugin `yaml:"plugins"`

	Origin Origin `yaml:"-"`
}

// ErrorPage is how the server's own page for errors looks.
type ErrorPage struct {
	// Title of the page. Left out, "That did not work".
	Title string `yaml:"title"`
	// Where the way back leads (URL or path). Left out, the first of trustedOrigins that is one site, or baseURL.
	HomeURL string `yaml:"homeURL"`
	// CSS that comes after the page's own. Images may be data: URLs.
	Style string `yaml:"style"`
	// Texts by error code, in place of the server's; "" is for codes that have none.
	Messages map[string]string `yaml:"messages"`
}

// SecretVersion is one version of a tenant's secret.
type SecretVersion struct {
	// Number of the version; it marks what is encrypted with it, so it never changes. Versions start at 1.
	Version int `yaml:"version,required" min:"1"`
	// The secret, at least 32 random characters. Usually ${NAME} or file:PATH.
	Value Secret `yaml:"value,required"`
}

// Session holds the lifetimes of sessions, as Better Auth's session options.
type Session struct {
	// How long a session lives after it was created or refreshed.
	ExpiresIn Duration `yaml:"expiresIn" default:"7d" min:"1s"`
	// A session is refreshed when it is used and its last refresh is longer ago than this. Left out, sessions with an expiresIn of a day or less are never refreshed, as with Better Auth.
	UpdateAge Duration `yaml:"updateAge" default:"1d" min:"0s"`
	// How long after its creation a session counts as fresh, which sensitive endpoints ask for; 0 means always.
	FreshAge Duration `yaml:"freshAge" default:"1d" min:"0s"`
	// GET /get-session only reports that a refresh is due, and POST /get-session does it.
	DeferRefresh bool `yaml:"deferRefresh" default:"false"`
	// Never refresh sessions.
	DisableRefresh bool `yaml:"disableRefresh" default:"false"`
	// store: sessions are records like others. redis: they are in Redis, as with Better Auth's secondaryStorage, and end there by themselves; users stay in the store.
	Storage string `yaml:"storage" default:"store" enum:"store,redis"`
	// With storage redis: write sessions to the store too. What Redis has lost is then found there, and while it does not answer sessions are read from there; what creates, changes or ends one answers 503 until it is back.
	StoreInDatabase bool `yaml:"storeInDatabase" default:"false"`
	// With storeInDatabase: leave the records of ended sessions in the store, for the record. Then it does not say which sessions are live, and is not read.
	PreserveInDatabase bool `yaml:"preserveInDatabase" default:"false"`
	// A copy of the session that clients carry in a cookie.
	CookieCache CookieCache `yaml:"cookieCache"`
	// Fields that sessions have beside those of the protocol.
	AdditionalFields []SessionField `yaml:"additionalFields"`
}

// CookieCache says whether clients carry a copy of their session in a cookie.
type CookieCache struct {
	// Answer /get-session from that copy while it is good. A session that was revoked is then reported until the copy ends; other endpoints ask the store in any case.
	Enabled bool `yaml:"enabled" default:"false"`
	// How long a copy is good.
	MaxAge Duration `yaml:"maxAge" default:"5m" min:"1s"`
	// compact: JSON with an HMAC. jwt: a signed token. jwe: an encrypted token, which scripts and browsers cannot read.
	Strategy string `yaml:"strategy" default:"compact" enum:"compact,jwt,jwe"`
	// Copies of another version are not good: change it to end all of them at once.
	Version string `yaml:"version" default:"1"`
	// Renew copies before they end, when /get-session is read, so that clients that read the copy themselves always have one. true, or a mapping. The session is read from the store for that, so one that was revoked ends there.
	RefreshCache RefreshCache `yaml:"refreshCache" default:"false"`
}

// RefreshCache says whether copies of sessions are renewed before they end: true
// or false, or a mapping, which means true.
type RefreshCache struct {
	// How long before its end a copy is renewed. Left out, a fifth of maxAge.
	UpdateAge Duration `yaml:"updateAge" min:"1s"`
	Enabled   bool     `yaml:"-"`
}

func (r *RefreshCache) turn(on bool) { r.Enabled = on }

// User says what is kept of users.
type User struct {
	// Longest name, in bytes. Names are in tokens and cookies, which have little room.
	MaxNameLength int `yaml:"maxNameLength" default:"256" min:"1" max:"65536"`
	// Longest image, in bytes: a URL, as a rule. Likewise.
	MaxImageLength int `yaml:"maxImageLength" default:"2048" min:"1" max:"65536"`
	// Fields that users have beside those of the protocol, as Better Auth's user.additionalFields. Clients send them with sign-up and /update-user.
	AdditionalFields []UserField `yaml:"additionalFields"`
}

// Account says how accounts are kept.
type Account struct {
	// Encrypt the access and refresh tokens of providers with the tenant's secret before they are stored, as Better Auth does with the option of that name. Tokens are read in either form.
	EncryptOAuthTokens bool `yaml:"encryptOAuthTokens" default:"true"`
}

// Types of additional fields.
const (
	TypeString  = "string"
	TypeNumber  = "number"
	TypeBoolean = "boolean"
	TypeDate    = "date"
	TypeJSON    = "json"
)

// Scalar is a text, number or boolean as it is written.
type Scalar string

// UserField is an additional field of users.
type UserField struct {
	// Name of the field. It never changes: records are kept under it.
	Name string `yaml:"name,required"`
	// Type of its values. date is a time (RFC 3339); json takes any value.
	Type string `yaml:"type" default:"string" enum:"string,number,boolean,date,json"`
	// Whether sign-up must send it, unless it has a default.
	Required bool `yaml:"required" default:"false"`
	// Value of new users that come without one, in JSON where it is not a text or time. Left out: none.
	Default Scalar `yaml:"default"`
	// Whether clients may set it. Otherwise only plugins do.
	Input bool `yaml:"input" default:"true"`
	// Most bytes that clients may set: of a text, or of the JSON of another value.
	MaxLength int `yaml:"maxLength" default:"1024" min:"1" max:"65536"`
	// Whether clients may see it.
	Returned bool `yaml:"returned" default:"true"`
}

// SessionField is an additional field of sessions. Clients set it with
// /update-session.
type SessionField struct {
	// Name of the field. It never changes: records are kept under it.
	Name string `yaml:"name,required"`
	// Type of its values. date is a time (RFC 3339); json takes any value.
	Type string `yaml:"type" default:"string" enum:"string,number,boolean,date,json"`
	// Value of new sessions, in JSON where it is not a text or time. Left out: none.
	Default Scalar `yaml:"default"`
	// Whether clients may set it. Otherwise only plugins do.
	Input bool `yaml:"input" default:"true"`
	// Most bytes that clients may set: of a text, or of the JSON of another value.
	MaxLength int `yaml:"maxLength" default:"1024" min:"1" max:"65536"`
	// Whether clients may see it.
	Returned bool `yaml:"returned" default:"true"`
}

// Values of Session.Storage and RateLimit.Storage.
const (
	StorageMemory = "memory"
	StorageStore  = "store"
	StorageRedis  = "redis"
)

// HostOnly as CookieOverride.Domain gives a cookie no Domain attribute.
const HostOnly = "host"

// Values of Cookies.Secure and RateLimit.Enabled.
const (
	Auto  = "auto"
	True  = "true"
	False = "false"
)

// Cookies holds names and attributes of a tenant's cookies.
type Cookies struct {
	// First part of every cookie's name.
	Prefix string `yaml:"prefix" default:"better-auth"`
	// Secure attribute and __Secure- name prefix. auto: when baseURL or one of baseURLs is https.
	Secure string `yaml:"secure" default:"auto" enum:"auto,true,false"`
	// Domain attribute, to share cookies with subdomains; empty for the host alone. Must be the host or a parent domain of baseURL and of baseURLs.
	Domain string `yaml:"domain"`
	// SameSite attribute (RFC 6265bis). none needs secure cookies.
	SameSite string `yaml:"sameSite" default:"lax" enum:"lax,strict,none"`
	// Partitioned attribute (CHIPS): browsers keep cookies of a page within other sites apart for each of those. Needs secure cookies.
	Partitioned bool `yaml:"partitioned" default:"false"`
	// Single cookies that are to be different.
	Overrides []CookieOverride `yaml:"overrides"`
}

// CookieOverride says what is different for one cookie.
type CookieOverride struct {
	// The cookie, by its name without prefix, such as session_token.
	Cookie string `yaml:"cookie,required"`
	// Its name, instead of the prefix, a dot and its name. __Secure- is still put before it where cookies are secure.
	Name string `yaml:"name"`
	// SameSite attribute; left out, that of the other cookies.
	SameSite string `yaml:"sameSite" enum:"lax,strict,none"`
	// Domain attribute; left out, that of the other cookies. "host" gives it none: the cookie goes to this host alone.
	Domain string `yaml:"domain"`
	// Path attribute; left out, that of the other cookies. Of a tenant with a pathPrefix it lies below that.
	Path string `yaml:"path"`
	// Partitioned attribute. auto: as the other cookies.
	Partitioned string `yaml:"partitioned" default:"auto" enum:"auto,true,false"`
}

// RateLimit bounds how often one client, known by its address (an IPv6 client
// by its /64 network), may call each endpoint. Some endpoints have narrower
// limits by themselves: 3 calls in 10 seconds for signing in, signing up and
// changing a password or address, and 3 in a minute for what sends a mail.
type RateLimit struct {
	// Whether requests are limited. auto: except in development.
	Enabled string `yaml:"enabled" default:"auto" enum:"auto,true,false"`
	// How long a client that used up its calls must wait.
	Window Duration `yaml:"window" default:"10s" min:"1s"`
	// Calls of one endpoint within the window.
	Max int64 `yaml:"max" default:"100" min:"1"`
	// Where calls are counted. memory: in each node by itself. store: in the store, so that nodes on one PostgreSQL count together; a write for each call that is let through. redis: in Redis, for the same at a smaller price. While the store or Redis does not answer, each node counts in memory.
	Storage string `yaml:"storage" default:"memory" enum:"memory,store,redis"`
	// Limits of single endpoints. The first rule that matches is applied; rules go before the limits that endpoints have by themselves.
	Rules []RateRule `yaml:"rules"`
}

// RateRule is the limit of one endpoint, or of some.
type RateRule struct {
	// Path below basePath, such as /sign-in/email. "*" stands for any characters and "?" for one.
	Path string `yaml:"path,required"`
	// How long a client that used up its calls must wait.
	Window Duration `yaml:"window" default:"10s" min:"1s"`
	// Calls within the window.
	Max int64 `yaml:"max" default:"100" min:"1"`
	// Do not limit these endpoints.
	Unlimited bool `yaml:"unlimited" default:"false"`
}

// Passwords holds a tenant's password hashing settings.
type Passwords struct {
	// Algorithm of new hashes. Hashes of the others still verify and are replaced at the next sign-in. scrypt is Better Auth's.
	Algorithm string `yaml:"algorithm" default:"scrypt" enum:"scrypt,argon2id,bcrypt"`
	// Hashes that this tenant computes at the same time, so that it cannot use up server.passwordHashing alone; 0 sets no bound of its own.
	MaxConcurrent int `yaml:"maxConcurrent" default:"0" min:"0" max:"1024"`
}

// TenantMail holds mail settings of one tenant.
type TenantMail struct {
	// Sender of this tenant's mails instead of mail.from.
	From string `yaml:"from"`
	// Subjects by the name of the mail, such as reset-password; "authhost plugin inspect" lists the mails of a plugin.
	Subjects map[string]string `yaml:"subjects"`
	// A folder, relative to the configuration file, with files NAME.yaml that replace the mails of that name, and with folders LANGUAGE, such as de or pt-BR, whose files do so for those who read that language.
	Templates string `yaml:"templates"`
}

// TenantSMS holds settings of text messages of one tenant.
type TenantSMS struct {
	// What recipients of this tenant's messages see as the sender instead of sms.from.
	From string `yaml:"from"`
	// A folder, relative to the configuration file, with files NAME.yaml that replace the messages of that name, and with folders LANGUAGE, as that of mail.templates.
	Templates string `yaml:"templates"`
}

// Outbox says how long events are kept for plugins that must not miss them.
type Outbox struct {
	// An event that still cannot be delivered when it is older becomes a dead letter.
	GiveUpAfter Duration `yaml:"giveUpAfter" default:"3d" min:"1s"`
	// How long dead letters are kept, to be replayed.
	KeepDead Duration `yaml:"keepDead" default:"30d" min:"1m"`
	// How long delivered events are kept, to be replayed; 0 means not at all.
	KeepDelivered Duration `yaml:"keepDelivered" default:"0s" min:"0s"`
	// Events that one target gets at the same time, each of another user.
	Concurrency int `yaml:"concurrency" default:"4" min:"1" max:"100"`
}

// Plugin enables one plugin in a tenant.
type Plugin struct {
	// Id of the plugin, unique in the tenant, as in its manifest.
	ID string `yaml:"id,required"`
	// The .wasm file, relative to the configuration file; left out for the built-in plugin of that id.
	Module string `yaml:"module"`
	// SHA-256 of the module's file, in hex, as "authhost plugin check" prints it. Another file is not loaded.
	SHA256 string `yaml:"sha256"`
	// Capabilities and permissions that the plugin has, by name, such as [identity, passwords], and services and events of other plugins, such as organization/hasPermission; pluginapi/ABI.md says what each gives away, and "authhost plugin inspect" which a module asks for. Left out for a built-in plugin: all that its manifest asks for. Required for modules from files.
	Grants []string `yaml:"grants"`
	// Limits of the plugin's handler calls.
	Limits Limits `yaml:"limits"`
	// When the plugin's schedules run, by their names, in place of what the plugin says: cron expressions of five fields in UTC, such as {sweep: "30 4 * * *"}, or "off".
	Schedules map[string]string `yaml:"schedules"`
	// Settings of the plugin; its manifest has their JSON Schema.
	Config Raw `yaml:"config"`

	Origin Origin `yaml:"-"`
}

// ConfigJSON returns the plugin's settings as JSON text, "{}" when there are
// none, with ${NAME} and file: references resolved.
func (p Plugin) ConfigJSON() ([]byte, error) { return p.Config.JSON() }

// Position returns where in the file the element is that a JSON Pointer (RFC
// 6901) into the plugin's settings names, or the deepest one above it that is
// written down.
func (p Plugin) Position(pointer string) Position { return p.Origin.At("/config" + pointer) }
