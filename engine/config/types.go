package config

import "net/netip"

// Config is a whole configuration file, checked and with defaults filled in.
// Files that it names are already absolute or relative to the working
// directory of the process, never to the configuration file.
type Config struct {
	// Listeners, folders, logs and limits of the whole process.
	Server Server `yaml:"server"`
	// Where records are kept.
	Store Store `yaml:"store"`
	// A Redis server for the sessions and counts that several nodes share. Each tenant decides whether it uses Redis.
	Redis Redis `yaml:"redis"`
	// Delivery of mails.
	Mail Mail `yaml:"mail"`
	// Delivery of text messages to phones.
	SMS SMS `yaml:"sms"`
	// The audit log.
	Audit Audit `yaml:"audit"`
	// Default limits of one handler call of a plugin. The limits of a plugin replace them. Without a limit here, the engine's default counts.
	Limits Limits `yaml:"limits"`
	// The tenants of this server: isolated sets of users, secrets and plugins. At least one.
	Tenants []Tenant `yaml:"tenants,required"`

	// Warnings are settings that are allowed but deserve a line in the log.
	Warnings []*Error `yaml:"-"`
	Origin   Origin   `yaml:"-"`
}

// Server holds the settings of the whole process.
type Server struct {
	// Address (host:port) of the listener for tenants without a listener of their own.
	Listen string `yaml:"listen" default:"127.0.0.1:8080"`
	// Address of the admin listener. It serves metrics and health. With the token in the file admin-token of dataDir it also serves the commands of authhost and, in development, the page of mails and text messages. Empty turns it off.
	Admin string `yaml:"admin" default:"127.0.0.1:8081"`
	// Host names of the admin listener besides localhost and addresses, such as the name of its container. The listener refuses requests with another Host, because a web page could reach it by a name of its own (DNS rebinding).
	AdminHosts []string `yaml:"adminHosts"`
	// Folder of databases, the audit log and the compilation cache; relative to the configuration file.
	DataDir string `yaml:"dataDir" default:"./data"`
	// Folder of compiled modules; default is "cache" in dataDir.
	CacheDir string `yaml:"cacheDir"`
	// Folder into which the running server writes the backups of "authhost backup"; relative to the configuration file. Without it the server refuses to make backups. Choose a folder outside of dataDir, preferably on another disk.
	BackupDir string `yaml:"backupDir"`
	// Development mode: secrets may be weak or absent, the admin listener shows mails and text messages, and errors have more details. Never use it for real users.
	Development bool `yaml:"development" default:"false"`
	// The lowest level that is logged.
	LogLevel string `yaml:"logLevel" default:"info" enum:"debug,info,warn,error"`
	// Form of the log.
	LogFormat string `yaml:"logFormat" default:"text" enum:"text,json"`
	// Largest request body in bytes. A larger body gets 413.
	MaxBodyBytes int64 `yaml:"maxBodyBytes" default:"1048576" min:"1024" max:"67108864"`
	// Deepest nesting of a JSON request body. A deeper body gets 400.
	MaxJSONDepth int `yaml:"maxJSONDepth" default:"1000" min:"8" max:"10000"`
	// Largest number of values in a request body, at any depth, or of fields in a form. A body with more gets 400.
	MaxBodyElements int `yaml:"maxBodyElements" default:"10000" min:"100" max:"1000000"`
	// Memory of request bodies under way.
	BodyMemory BodyMemory `yaml:"bodyMemory"`
	// Longest time for one request, from its first byte to the end of the answer.
	RequestTimeout Duration `yaml:"requestTimeout" default:"30s" min:"1s"`
	// Time for which a stopping server still accepts connections while it reports that it is not ready, so that load balancers and clients leave it. Then its listeners close.
	DrainTime Duration `yaml:"drainTime" default:"1s" min:"0s"`
	// Time for which a stopping server then waits for requests under way.
	ShutdownTimeout Duration `yaml:"shutdownTimeout" default:"15s" min:"0s"`
	// Number of counts that this process keeps in memory for all tenants: counts of requests by client, and counts of plugins. Each tenant has an equal share, half of it for its plugins. In a full share the server drops counts of the clients that fill it first, and refuses nobody for lack of room.
	MaxCounters int `yaml:"maxCounters" default:"1000000" min:"200" max:"100000000"`
	// Addresses or CIDR ranges of reverse proxies. The server reads forwarding headers of these proxies only.
	TrustedProxies []netip.Prefix `yaml:"trustedProxies"`
	// Requests of plugins to other servers.
	Egress Egress `yaml:"egress"`
	// Bounds on password hashing of all tenants together.
	PasswordHashing HashLimits `yaml:"passwordHashing"`
}

// BodyMemory bounds the memory, in bytes, that request bodies of more than 4
// KiB may take while they are under way: each up to three times its length, and
// 128 bytes for each of its values. A client that has used up its own part gets
// 413, others 503, both with Retry-After. Smaller bodies, such as those of
// signing in, are always read. A part that is too small for one body of
// maxBodyBytes and maxBodyElements counts as large enough for it.
type BodyMemory struct {
	// Of all tenants together.
	Total int64 `yaml:"total" default:"67108864" min:"65536"`
	// Of one tenant.
	PerTenant int64 `yaml:"perTenant" default:"50331648" min:"65536"`
	// Of one client of a tenant, known by its address.
	PerClient int64 `yaml:"perClient" default:"16777216" min:"65536"`
}

// Egress bounds the requests that plugins with the capability http make. Public
// addresses may be called by https, others not at all: neither private,
// loopback nor link-local ones, whatever name leads to them.
type Egress struct {
	// Addresses or CIDR ranges that plugins may call although they are not public, also by plain http and on any port. For identity providers and webhook receivers within your own network.
	Allow []netip.Prefix `yaml:"allow"`
}

// HashLimits bound password hashing, which needs about 32 MiB and a tenth of
// a second of one processor per hash.
type HashLimits struct {
	// Number of hashes computed at the same time; 0 means one for each processor.
	MaxConcurrent int `yaml:"maxConcurrent" default:"0" min:"0" max:"1024"`
	// Number of requests that may wait for a hash; further ones get 503. 0 means 32 for each concurrent hash.
	MaxWaiting int `yaml:"maxWaiting" default:"0" min:"0" max:"100000"`
}

// Store drivers.
const (
	DriverBolt     = "bolt"
	DriverPostgres = "postgres"
)

// Store says where records are kept.
type Store struct {
	// bolt: one embedded database file per tenant in dataDir. postgres: PostgreSQL, or a database that speaks its protocol.
	Driver string `yaml:"driver" default:"bolt" enum:"bolt,postgres"`
	// Settings of the postgres driver.
	Postgres Postgres `yaml:"postgres"`
}

// Postgres holds the settings of the postgres driver.
type Postgres struct {
	// Connection URL (postgres://user:password@host:port/database). Usually ${DATABASE_URL} or file:PATH.
	URL Secret `yaml:"url"`
	// Largest number of connections of this process.
	MaxConns int `yaml:"maxConns" default:"10" min:"1" max:"10000"`
	// Longest time for one call of the database. A longer call counts as unanswered.
	Timeout Duration `yaml:"timeout" default:"5s" min:"100ms"`
}

// Redis names a server that speaks the protocol of Redis 6 or newer. The
// server starts without it: while it does not answer, limits count in each
// node's memory, and sessions that are only there cannot be used (503).
type Redis struct {
	// Connection URL (redis://user:password@host:port/database, rediss:// with TLS, unix:// for a socket). Usually ${REDIS_URL} or file:PATH.
	URL Secret `yaml:"url"`
	// Kind of servers in the URL. single: one server. sentinel: Sentinels, which know the current leader (redis://host:26379/database?master_name=NAME). cluster: nodes of a Redis Cluster (redis://host:port). Write further addresses as parameters of the URL (addr=host:port).
	Mode string `yaml:"mode" default:"single" enum:"single,sentinel,cluster"`
	// First part of every key; without braces.
	Prefix string `yaml:"prefix" default:"authhost:"`
	// Longest time for one command.
	Timeout Duration `yaml:"timeout" default:"1s" min:"10ms"`
}

// Mail says how mails leave the server.
type Mail struct {
	// Sender of every mail (RFC 5322), such as "App <no-reply@example.com>". Required with smtp.
	From string `yaml:"from"`
	// The SMTP server. Without it, the admin listener shows mails in development; otherwise the server does not start with plugins that send mails.
	SMTP *SMTP `yaml:"smtp"`
	// Nobody gets mails: those of plugins are dropped. Whoever forgets a password has lost it, and addresses cannot be verified.
	Disabled bool `yaml:"disabled"`
}

// TLS modes of an SMTP connection.
const (
	TLSStartTLS = "starttls"
	TLSImplicit = "implicit"
	TLSNone     = "none"
)

// SMTP is a mail submission server (RFC 6409).
type SMTP struct {
	// Host name of the server.
	Host string `yaml:"host,required"`
	// Port of the server.
	Port int `yaml:"port" default:"587" min:"1" max:"65535"`
	// User name, if the server requires one.
	Username string `yaml:"username"`
	// Password of that user. Usually ${NAME} or file:PATH.
	Password Secret `yaml:"password"`
	// starttls: the connection must switch to TLS. implicit: TLS from the first byte (port 465). none: plain text, for a relay on the same host only.
	TLS string `yaml:"tls" default:"starttls" enum:"starttls,implicit,none"`
}

// SMS names the provider of text messages: a webhook of the operator's.
type SMS struct {
	// URL to which the server posts each message; its program passes the message to a provider. https, or http on this host and in development. docs/sms.md describes the requests. Without it, the server keeps messages in memory in development; otherwise it does not start with plugins that send text messages.
	URL Secret `yaml:"url"`
	// Signing secrets: "whsec_" followed by the base64 of 24 to 64 random bytes; usually file:PATH or ${NAME}. The server signs each request with all of them. To replace a secret, add the new one, give it to the receiver, then remove the old one. Required with url.
	Secrets []Secret `yaml:"secrets"`
	// Longest time for one request.
	Timeout Duration `yaml:"timeout" default:"10s" min:"100ms"`
	// Nobody gets text messages: sms.send returns unavailable.
	Disabled bool `yaml:"disabled"`
	// Sender that recipients see, a number or a name. The server passes it on unchanged.
	From string `yaml:"from"`
}

// Audit holds the settings of the audit log.
type Audit struct {
	// File of the audit log, JSON lines; default is "audit.jsonl" in dataDir. Relative to the configuration file.
	File string `yaml:"file"`
	// Largest size of the file in bytes. Then the server renames the file to a name with the time and begins a new one. 0: no bound.
	MaxBytes int64 `yaml:"maxBytes" default:"104857600" min:"0" max:"1099511627776"`
	// Largest age of the first entry in the file. Then the server renames the file likewise. 0: no bound.
	MaxAge Duration `yaml:"maxAge" default:"720h" min:"0s"`
	// Number of renamed files that the server keeps. It deletes the oldest ones beyond that. 0: it keeps all.
	Keep int `yaml:"keep" default:"10" min:"0" max:"100000"`
	// Longest time until a written entry is on the disk. A crash of the machine may lose the entries of that time. 0: the operating system decides.
	SyncEvery Duration `yaml:"syncEvery" default:"1s" min:"0s" max:"1h"`
	// Behaviour while entries cannot be written, for example because the disk is full. refuse: requests get 503, except requests to the engine's own endpoints that only read. count: requests continue; entries wait in memory, and the server counts those that find no room there.
	OnFailure string `yaml:"onFailure" default:"refuse" enum:"refuse,count"`
}

// Limits bound one handler call of a plugin. Zero means that the limit is
// not set here and the next wider one holds.
type Limits struct {
	// Fuel: a budget of executed WebAssembly code.
	Fuel uint64 `yaml:"fuel" min:"1"`
	// Linear memory in KiB.
	MemoryKiB uint32 `yaml:"memoryKiB" min:"64" max:"4194304"`
	// Number of calls from the plugin to the host.
	HostCalls uint32 `yaml:"hostCalls" min:"1"`
	// Time in milliseconds, host calls included.
	WallMs uint32 `yaml:"wallMs" min:"1"`
	// Number of instances of a module at the same time. All tenants share them, so a plugin cannot set this limit.
	Instances int `yaml:"instances" min:"1" max:"10000"`
}
