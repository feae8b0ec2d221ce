package config

import "net/netip"

// Tenant is one isolated auth realm.
type Tenant struct {
	// Id of the tenant in logs, metrics and file names. Never change it. 1 to 63 of a-z, 0-9 and "-".
	ID string `yaml:"id,required"`
	// Number of this configuration of the tenant, for nodes that share a PostgreSQL. These nodes must have the same secret, URL and plugins. A node with a higher number may change them; nodes with a lower number do not start any more.
	Revision int `yaml:"revision" default:"0" min:"0"`
	// Name of the application, used in mails.
	AppName string `yaml:"appName" default:"Better Auth"`
	// Public URL of the server (http or https), as browsers see it, without the base path. Links in mails start with it.
	BaseURL string `yaml:"baseURL,required"`
	// Further public URLs of this tenant. A request to the host of one of them gets links that start with that URL. "*" and "?" in a host are wildcards: "https://*.example.com" stands for all subdomains, "https://preview-*.example.com" for those that begin so, "http://localhost:*" for any port. Their sites are trusted origins. The Host header only selects one of these URLs; any other host gets baseURL.
	BaseURLs []string `yaml:"baseURLs"`
	// Version of the Better Auth protocol that the app's clients speak. It decides where 1.6 and 1.7 answer the same request differently.
	Dialect string `yaml:"dialect" default:"1.6" enum:"1.6,1.7"`
	// Path below baseURL of the endpoints.
	BasePath string `yaml:"basePath" default:"/api/auth"`
	// Address (host:port) of a listener for this tenant. Tenants with the same address share the listener. Default: server.listen.
	Listen string `yaml:"listen"`
	// Host names of this tenant, with a port unless it is the default port of the scheme. Default: the hosts of baseURL and baseURLs. "*" and "?" are wildcards, as in baseURLs. A host that matches the patterns of several tenants belongs to the tenant with the longest pattern.
	Hosts []string `yaml:"hosts"`
	// First part of the paths of this tenant, such as /t/acme, if several tenants share a host. The server removes it before routing.
	PathPrefix string `yaml:"pathPrefix"`
	// Serve the remaining records of a removed tenant with this id. Without it the server refuses such a tenant.
	Revive bool `yaml:"revive" default:"false"`
	// Secret that signs cookies and encrypts stored values: at least 32 random characters. Usually ${NAME} or file:PATH. Optional in development.
	Secret Secret `yaml:"secret"`
	// Several versions of the secret, instead of secret. The first one signs and encrypts, the others only decrypt.
	Secrets []SecretVersion `yaml:"secrets"`
	// Further origins, besides that of baseURL, that may call the server and to which it may redirect. "*" and "?" are wildcards: https://*.example.com, myapp://.
	TrustedOrigins []string `yaml:"trustedOrigins"`
	// Answer CORS requests of trusted origins.
	CORS bool `yaml:"cors" default:"false"`
	// With cors: further request headers that the app may send, such as x-app-version or traceparent. The headers of the protocol are always allowed.
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
	// Request headers with the address of the client, in order of preference, such as x-forwarded-for. Only for servers behind a proxy that sets them. With server.trustedProxies the server reads them from these proxies only; without, from anybody, as Better Auth does. Default: behind a trusted proxy X-Forwarded-For, or else Forwarded; otherwise the address of the connection.
	IPHeaders []string `yaml:"ipHeaders"`
	// Addresses or CIDR ranges of reverse proxies in front of this tenant, instead of server.trustedProxies.
	TrustedProxies []netip.Prefix `yaml:"trustedProxies"`
	// Prefix length of the IPv6 network that counts as one client. Sessions record this network, and limits count by it. One subscriber usually has a /64 or a larger network.
	IPv6Subnet int `yaml:"ipv6Subnet" default:"64" min:"32" max:"128"`
	// Limits on the requests of one client to an endpoint.
	RateLimit RateLimit `yaml:"rateLimit"`
	// Rotation of the keys that sign tokens for other services.
	Keys Keys `yaml:"keys"`
	// Keys of the application's servers. A key opens the endpoints in its scopes.
	ServiceKeys []ServiceKey `yaml:"serviceKeys"`
	// Endpoints that are turned off, as paths below basePath. They answer 404.
	DisabledPaths []string `yaml:"disabledPaths"`
	// Do not check the Origin header of requests with cookies. Dangerous: it opens cross-site request forgery.
	DisableCSRFCheck bool `yaml:"disableCSRFCheck" default:"false"`
	// Do not check origins and redirect targets at all. Dangerous: it opens redirects to any site.
	DisableOriginCheck bool `yaml:"disableOriginCheck" default:"false"`
	// Page of the app (URL or path) to which the server redirects browsers with ?error=CODE when a flow fails. Default: the server's own page at /error.
	ErrorURL string `yaml:"errorURL"`
	// Appearance of the server's own error page.
	ErrorPage ErrorPage `yaml:"errorPage"`
	// Mails of this tenant.
	Mail TenantMail `yaml:"mail"`
	// Text messages of this tenant.
	SMS TenantSMS `yaml:"sms"`
	// Events that plugins must not miss, such as those of webhooks.
	Outbox Outbox `yaml:"outbox"`
	// Plugins. Their hooks run in this order unless the manifests say otherwise.
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
	// Number of the version, from 1. It marks the values that are encrypted with this secret, so never change it.
	Version int `yaml:"version,required" min:"1"`
	// The secret, at least 32 random characters. Usually ${NAME} or file:PATH.
	Value Secret `yaml:"value,required"`
}

// Session holds the lifetimes of sessions, as Better Auth's session options.
type Session struct {
	// Lifetime of a session, from its creation or last refresh.
	ExpiresIn Duration `yaml:"expiresIn" default:"7d" min:"1s"`
	// Age of the last refresh from which the server refreshes a session that is used. Without this key, sessions with an expiresIn of a day or less are never refreshed, as with Better Auth.
	UpdateAge Duration `yaml:"updateAge" default:"1d" min:"0s"`
	// Time after its creation for which a session counts as fresh. Sensitive endpoints require a fresh session. 0: always fresh.
	FreshAge Duration `yaml:"freshAge" default:"1d" min:"0s"`
	// GET /get-session only reports that a refresh is due, and POST /get-session refreshes.
	DeferRefresh bool `yaml:"deferRefresh" default:"false"`
	// Never refresh sessions.
	DisableRefresh bool `yaml:"disableRefresh" default:"false"`
	// store: sessions are records in the store. redis: sessions are in Redis, which deletes them when they expire, as with Better Auth's secondaryStorage; users stay in the store.
	Storage string `yaml:"storage" default:"store" enum:"store,redis"`
	// With storage redis: write sessions to the store as well. The server then reads a session from the store if Redis has lost it or does not answer. Requests that create, change or end a session get 503 while Redis does not answer.
	StoreInDatabase bool `yaml:"storeInDatabase" default:"false"`
	// With storeInDatabase: keep the records of ended sessions in the store. The store then does not show which sessions are alive, so the server does not read sessions from it.
	PreserveInDatabase bool `yaml:"preserveInDatabase" default:"false"`
	// A copy of the session in a cookie.
	CookieCache CookieCache `yaml:"cookieCache"`
	// Fields of sessions in addition to those of the protocol.
	AdditionalFields []SessionField `yaml:"additionalFields"`
}

// CookieCache says whether clients carry a copy of their session in a cookie.
type CookieCache struct {
	// Answer /get-session from the copy while it is valid. A revoked session is then reported until its copy expires. All other endpoints ask the store.
	Enabled bool `yaml:"enabled" default:"false"`
	// Lifetime of a copy.
	MaxAge Duration `yaml:"maxAge" default:"5m" min:"1s"`
	// compact: JSON with an HMAC. jwt: a signed token. jwe: an encrypted token, which scripts and browsers cannot read.
	Strategy string `yaml:"strategy" default:"compact" enum:"compact,jwt,jwe"`
	// With jwt: sign copies with the keys of this use, such as jwt, instead of the tenant's secret. A plugin that publishes the keys, such as jwt at /jwks, must be enabled. Servers of the app can then check copies themselves.
	KeyUse string `yaml:"keyUse"`
	// Signature algorithm of these copies. The plugin must publish keys for it.
	Algorithm string `yaml:"algorithm" default:"EdDSA" enum:"EdDSA,ES256,ES512,PS256,RS256"`
	// Version of the copies. Copies of another version are invalid: change it to end all copies at once.
	Version string `yaml:"version" default:"1"`
	// Renew copies at /get-session before they expire, so that programs that read the copy themselves always have a valid one. true, or a mapping. The server reads the session from the store for that, so a revoked session gets no new copy.
	RefreshCache RefreshCache `yaml:"refreshCache" default:"false"`
}

// RefreshCache says whether copies of sessions are renewed before they end: true
// or false, or a mapping, which means true.
type RefreshCache struct {
	// Time before its end from which a copy is renewed. Default: a fifth of maxAge.
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
	// Encrypt the access and refresh tokens of providers with the tenant's secret before they are stored, like Better Auth's option of that name. The server reads tokens in either form.
	EncryptOAuthTokens bool `yaml:"encryptOAuthTokens" default:"true"`
	// Fields of accounts besides those of the protocol, as Better Auth's account.additionalFields. Hooks of plugins and imports set them.
	AdditionalFields []AccountField `yaml:"additionalFields"`
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
	// Name of the field. Never change it: records have the value under this name.
	Name string `yaml:"name,required"`
	// Type of its values. date is a time (RFC 3339); json takes any value.
	Type string `yaml:"type" default:"string" enum:"string,number,boolean,date,json"`
	// Sign-up must send the field, unless it has a default.
	Required bool `yaml:"required" default:"false"`
	// Value of new users without one: a text, a time, or JSON. Default: no value.
	Default Scalar `yaml:"default"`
	// Clients may set the field. Otherwise only plugins may.
	Input bool `yaml:"input" default:"true"`
	// Largest size in bytes of a value that clients set: of a text, or of the JSON of another value.
	MaxLength int `yaml:"maxLength" default:"1024" min:"1" max:"65536"`
	// Changes to texts before the validator sees them, one after the other: trim, lowercase, uppercase.
	Transform []string `yaml:"transform"`
	// What values must be besides their type. The server refuses others with VALIDATION_ERROR.
	Validator Validator `yaml:"validator"`
	// Clients may see the field.
	Returned bool `yaml:"returned" default:"true"`
}

// SessionField is an additional field of sessions. Clients set it with
// /update-session.
type SessionField struct {
	// Name of the field. Never change it: records have the value under this name.
	Name string `yaml:"name,required"`
	// Type of its values. date is a time (RFC 3339); json takes any value.
	Type string `yaml:"type" default:"string" enum:"string,number,boolean,date,json"`
	// Value of new sessions: a text, a time, or JSON. Default: no value.
	Default Scalar `yaml:"default"`
	// Clients may set the field. Otherwise only plugins may.
	Input bool `yaml:"input" default:"true"`
	// Largest size in bytes of a value that clients set: of a text, or of the JSON of another value.
	MaxLength int `yaml:"maxLength" default:"1024" min:"1" max:"65536"`
	// Changes to texts before the validator sees them, one after the other: trim, lowercase, uppercase.
	Transform []string `yaml:"transform"`
	// What values must be besides their type. The server refuses others with VALIDATION_ERROR.
	Validator Validator `yaml:"validator"`
	// Clients may see the field.
	Returned bool `yaml:"returned" default:"true"`
}

// Validator is what values of an additional field must be, besides their type.
// It says what a Standard Schema says in a field's validator.input of Better
// Auth's.
type Validator struct {
	// Texts that the field takes. Default: all.
	Enum []string `yaml:"enum"`
	// A regular expression (RE2) that a text must match; ^ and $ stand for its beginning and end.
	Pattern string `yaml:"pattern"`
	// Form of a text: an address of mail, an absolute URL, or a time (RFC 3339).
	Format string `yaml:"format" enum:"email,uri,date-time"`
	// Smallest length of a text, in characters (UTF-16 code units, as browsers count).
	MinLength int `yaml:"minLength" default:"0" min:"0" max:"65536"`
	// Smallest number. Default: no bound.
	Minimum Scalar `yaml:"minimum"`
	// Largest number. Default: no bound.
	Maximum Scalar `yaml:"maximum"`
}

// AccountField is an additional field of accounts. Hooks and plugins set it.
type AccountField struct {
	// Name of the field. Never change it: records have the value under this name.
	Name string `yaml:"name,required"`
	// Type of its values. date is a time (RFC 3339); json takes any value.
	Type string `yaml:"type" default:"string" enum:"string,number,boolean,date,json"`
	// Value of new accounts without one: a text, a time, or JSON. Default: no value.
	Default Scalar `yaml:"default"`
	// Clients see the field in /list-accounts.
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
	// Secure attribute and __Secure- name prefix. auto: if baseURL or one of baseURLs is https.
	Secure string `yaml:"secure" default:"auto" enum:"auto,true,false"`
	// Domain attribute, which shares cookies with subdomains; empty for the host alone. It must be the host of baseURL and of each of baseURLs, or a parent domain of them.
	Domain string `yaml:"domain"`
	// SameSite attribute (RFC 6265bis). none needs secure cookies.
	SameSite string `yaml:"sameSite" default:"lax" enum:"lax,strict,none"`
	// Partitioned attribute (CHIPS): in a page embedded in other sites, browsers keep separate cookies for each of those sites. Needs secure cookies.
	Partitioned bool `yaml:"partitioned" default:"false"`
	// Other attributes of single cookies.
	Overrides []CookieOverride `yaml:"overrides"`
}

// CookieOverride says what is different for one cookie.
type CookieOverride struct {
	// The cookie, by its name without prefix, such as session_token.
	Cookie string `yaml:"cookie,required"`
	// Full name, which replaces the prefix, the dot and the name. Secure cookies still get __Secure- before it.
	Name string `yaml:"name"`
	// SameSite attribute. Default: that of the other cookies.
	SameSite string `yaml:"sameSite" enum:"lax,strict,none"`
	// Domain attribute. Default: that of the other cookies. "host": no attribute, so that browsers send the cookie to this host only.
	Domain string `yaml:"domain"`
	// Path attribute. Default: that of the other cookies. For a tenant with a pathPrefix the path is below the prefix.
	Path string `yaml:"path"`
	// Partitioned attribute. auto: like the other cookies.
	Partitioned string `yaml:"partitioned" default:"auto" enum:"auto,true,false"`
}

// RateLimit bounds how often one client, known by its address (an IPv6 client
// by its /64 network), may call each endpoint. Some endpoints have narrower
// limits by themselves: 3 calls in 10 seconds for signing in, signing up and
// changing a password or address, and 3 in a minute for what sends a mail.
type RateLimit struct {
	// Limit requests. auto: except in development.
	Enabled string `yaml:"enabled" default:"auto" enum:"auto,true,false"`
	// Length of the window. A client that has used up its calls waits until the window ends.
	Window Duration `yaml:"window" default:"10s" min:"1s"`
	// Number of calls of one endpoint within the window.
	Max int64 `yaml:"max" default:"100" min:"1"`
	// Place of the counts. memory: each node counts for itself. store: nodes on one PostgreSQL count together; each call that is let through costs a write. redis: nodes count together in Redis, which costs less. While the store or Redis does not answer, each node counts in memory.
	Storage string `yaml:"storage" default:"memory" enum:"memory,store,redis"`
	// Limits of single endpoints. The first matching rule counts. Rules replace the endpoints' own limits.
	Rules []RateRule `yaml:"rules"`
}

// RateRule is the limit of one endpoint, or of some.
type RateRule struct {
	// Path below basePath, such as /sign-in/email. "*" stands for any characters and "?" for one.
	Path string `yaml:"path,required"`
	// Length of the window. A client that has used up its calls waits until the window ends.
	Window Duration `yaml:"window" default:"10s" min:"1s"`
	// Number of calls within the window.
	Max int64 `yaml:"max" default:"100" min:"1"`
	// Do not limit these endpoints.
	Unlimited bool `yaml:"unlimited" default:"false"`
}

// Passwords holds a tenant's password hashing settings.
type Passwords struct {
	// Algorithm of new hashes. Hashes of other algorithms still verify, and the next sign-in replaces them. Better Auth uses scrypt.
	Algorithm string `yaml:"algorithm" default:"scrypt" enum:"scrypt,argon2id,bcrypt"`
	// Number of hashes that this tenant computes at the same time, so that it cannot use all of server.passwordHashing. 0: no bound of its own.
	MaxConcurrent int `yaml:"maxConcurrent" default:"0" min:"0" max:"1024"`
}

// TenantMail holds mail settings of one tenant.
type TenantMail struct {
	// Sender of this tenant's mails, instead of mail.from.
	From string `yaml:"from"`
	// Subjects, by the name of the mail, such as reset-password. docs/mails.md lists the mails of the built-in plugins, and "authhost plugin inspect" those of a module.
	Subjects map[string]string `yaml:"subjects"`
	// Folder with other texts, relative to the configuration file. A file NAME.yaml replaces the mail of that name. A file in a folder LANGUAGE, such as de or pt-BR, replaces it for recipients who read that language.
	Templates string `yaml:"templates"`
}

// TenantSMS holds settings of text messages of one tenant.
type TenantSMS struct {
	// Sender of this tenant's messages, instead of sms.from.
	From string `yaml:"from"`
	// Folder with other texts, relative to the configuration file. A file NAME.yaml replaces the message of that name. Folders LANGUAGE work like those of mail.templates.
	Templates string `yaml:"templates"`
}

// Outbox says how long events are kept for plugins that must not miss them.
type Outbox struct {
	// Age at which an event that cannot be delivered becomes a dead letter.
	GiveUpAfter Duration `yaml:"giveUpAfter" default:"3d" min:"1s"`
	// Age at which a mail or text message that cannot be sent becomes a dead letter.
	GiveUpMessagesAfter Duration `yaml:"giveUpMessagesAfter" default:"6h" min:"1s"`
	// Time for which dead letters are kept for a replay.
	KeepDead Duration `yaml:"keepDead" default:"30d" min:"1m"`
	// Time for which delivered events are kept for a replay. 0: not at all.
	KeepDelivered Duration `yaml:"keepDelivered" default:"0s" min:"0s"`
	// Number of events that one target gets at the same time, each of another user.
	Concurrency int `yaml:"concurrency" default:"4" min:"1" max:"100"`
}

// Plugin enables one plugin in a tenant.
type Plugin struct {
	// Id of the plugin, unique in the tenant, as in its manifest.
	ID string `yaml:"id,required"`
	// The .wasm file, relative to the configuration file. Default: the built-in plugin of that id.
	Module string `yaml:"module"`
	// SHA-256 of the module's file in hex, as "authhost plugin check" prints it. The server loads no other file.
	SHA256 string `yaml:"sha256"`
	// Capabilities and permissions of the plugin, by name, such as [identity, passwords], and services and events of other plugins, such as organization/hasPermission. pluginapi/ABI.md describes each of them, and "authhost plugin inspect" lists those that a module asks for. Default for a built-in plugin: everything in its manifest. Required for modules from files.
	Grants []string `yaml:"grants"`
	// Limits of the plugin's handler calls.
	Limits Limits `yaml:"limits"`
	// Other times for the plugin's schedules, by their names: cron expressions of five fields in UTC, such as {sweep: "30 4 * * *"}, or "off".
	Schedules map[string]string `yaml:"schedules"`
	// Settings of the plugin. Its manifest has their JSON Schema.
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
