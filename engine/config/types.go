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
	// A Redis server, for what several nodes share: sessions and counts of tenants that say so.
	Redis Redis `yaml:"redis"`
	// How mails leave the server.
	Mail Mail `yaml:"mail"`
	// How text messages to phones leave the server.
	SMS SMS `yaml:"sms"`
	// The audit log.
	Audit Audit `yaml:"audit"`
	// Default limits of one plugin handler call; a plugin entry may set its own. A limit that is left out is the engine's.
	Limits Limits `yaml:"limits"`
	// The isolated auth realms that this server offers. At least one.
	Tenants []Tenant `yaml:"tenants,required"`

	// Warnings are settings that are allowed but deserve a line in the log.
	Warnings []*Error `yaml:"-"`
	Origin   Origin   `yaml:"-"`
}

// Server holds the settings of the whole process.
type Server struct {
	// Address (host:port) of the listener for tenants that have none of their own.
	Listen string `yaml:"listen" default:"127.0.0.1:8080"`
	// Address of the admin listener: metrics, health, and with the token in the file admin-token of dataDir what the commands of authhost ask for and, in development, the outbox of mails and text messages. Empty turns it off.
	Admin string `yaml:"admin" default:"127.0.0.1:8081"`
	// Names by which the admin listener is called besides localhost and addresses, such as that of a container whose metrics are read. Requests with another Host are refused, so that no page in a browser gets there by a name of its own (DNS rebinding).
	AdminHosts []string `yaml:"adminHosts"`
	// Folder of databases, the audit log and the compilation cache; relative to the configuration file.
	DataDir string `yaml:"dataDir" default:"./data"`
	// Folder of compiled modules; default is "cache" in dataDir.
	CacheDir string `yaml:"cacheDir"`
	// Folder that "authhost backup" has the running server write copies of the records into; relative to the configuration file. Not set: it refuses. It should not be in dataDir, and best on another disk.
	BackupDir string `yaml:"backupDir"`
	// Development mode: secrets may be weak or absent, mails and text messages go to an outbox on the admin listener, errors are more talkative. Never for real users.
	Development bool `yaml:"development" default:"false"`
	// The least severe level that is logged.
	LogLevel string `yaml:"logLevel" default:"info" enum:"debug,info,warn,error"`
	// Form of the log.
	LogFormat string `yaml:"logFormat" default:"text" enum:"text,json"`
	// Largest request body in bytes; larger ones are answered with 413.
	MaxBodyBytes int64 `yaml:"maxBodyBytes" default:"1048576" min:"1024" max:"67108864"`
	// Deepest nesting of JSON request bodies; deeper ones are answered with 400.
	MaxJSONDepth int `yaml:"maxJSONDepth" default:"1000" min:"8" max:"10000"`
	// Most values in a request body, at any depth, or fields of a form; more are answered with 400.
	MaxBodyElements int `yaml:"maxBodyElements" default:"10000" min:"100" max:"1000000"`
	// Memory that request bodies under way may take.
	BodyMemory BodyMemory `yaml:"bodyMemory"`
	// Longest time for one request, from its first byte to the end of the answer.
	RequestTimeout Duration `yaml:"requestTimeout" default:"30s" min:"1s"`
	// How long a stopping server goes on taking connections while it says that it is not ready, so that balancers and clients leave it. After that its listeners close.
	DrainTime Duration `yaml:"drainTime" default:"1s" min:"0s"`
	// How long a stopping server then waits for requests under way.
	ShutdownTimeout Duration `yaml:"shutdownTimeout" default:"15s" min:"0s"`
	// Counts that this process keeps in memory, of clients' requests and of what plugins count, for all tenants together. Each tenant has an equal share, half of it for its plugins; in a full share the counts of those who fill it go first, and nobody is refused for lack of room.
	MaxCounters int `yaml:"maxCounters" default:"1000000" min:"200" max:"100000000"`
	// Addresses or CIDR ranges of reverse proxies whose forwarding headers are believed.
	TrustedProxies []netip.Prefix `yaml:"trustedProxies"`
	// Requests that plugins make to other servers.
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
	// Addresses or CIDR ranges that may be called although they are not public, by plain http and on any port, too. For identity providers and webhook receivers within your own network.
	Allow []netip.Prefix `yaml:"allow"`
}

// HashLimits bound password hashing, which needs about 32 MiB and a tenth of
// a second of one processor per hash.
type HashLimits struct {
	// Hashes computed at the same time; 0 is one per processor.
	MaxConcurrent int `yaml:"maxConcurrent" default:"0" min:"0" max:"1024"`
	// Requests that may wait for their turn before further ones are refused with 503; 0 is 32 per concurrent hash.
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
	// Most connections that this process opens.
	MaxConns int `yaml:"maxConns" default:"10" min:"1" max:"10000"`
	// Longest time for one call of the database; then it counts as not answering.
	Timeout Duration `yaml:"timeout" default:"5s" min:"100ms"`
}

// Redis names a server that speaks the protocol of Redis 6 or newer. The
// server starts without it: while it does not answer, limits count in each
// node's memory, and sessions that are only there cannot be used (503).
type Redis struct {
	// Connection URL (redis://user:password@host:port/database, rediss:// with TLS, unix:// for a socket). Usually ${REDIS_URL} or file:PATH.
	URL Secret `yaml:"url"`
	// What the URL names. single: one server. sentinel: Sentinels that know the server that leads (redis://host:26379/database?master_name=NAME). cluster: nodes of a Redis Cluster (redis://host:port). Further addresses are parameters of the URL (addr=host:port).
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
	// The SMTP server. Without it, mails go to the outbox in development, and otherwise plugins that send mail do not start.
	SMTP *SMTP `yaml:"smtp"`
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
	// User name, if the server asks for one.
	Username string `yaml:"username"`
	// Password of that user. Usually ${NAME} or file:PATH.
	Password Secret `yaml:"password"`
	// starttls: encryption is demanded after connecting. implicit: TLS from the first byte (port 465). none: plain text, for a relay on the same host only.
	TLS string `yaml:"tls" default:"starttls" enum:"starttls,implicit,none"`
}

// SMS names the provider of text messages: a webhook of the operator's.
type SMS struct {
	// Where messages are posted, to be handed to a provider: https, or http on this host and in development. docs/sms.md has the requests. Without it, messages are kept in memory in development, and otherwise plugins cannot send them.
	URL Secret `yaml:"url"`
	// Signing secrets, "whsec_" and the base64 of 24 to 64 random bytes; usually file:PATH or ${NAME}. Requests are signed with each of them: to change one, add the new one, teach it to the receiver, then remove the old one. Required with url.
	Secrets []Secret `yaml:"secrets"`
	// Longest time for one request.
	Timeout Duration `yaml:"timeout" default:"10s" min:"100ms"`
	// What recipients see as the sender, a number or a name; handed to the provider as it is.
	From string `yaml:"from"`
}

// Audit holds the settings of the audit log.
type Audit struct {
	// File of the audit log, JSON lines; default is "audit.jsonl" in dataDir. Relative to the configuration file.
	File string `yaml:"file"`
	// Size in bytes from which the file is put aside under a name with the time, and a new one begun. 0: no bound.
	MaxBytes int64 `yaml:"maxBytes" default:"104857600" min:"0" max:"1099511627776"`
	// Age of its first entry from which the file is put aside. 0: no bound.
	MaxAge Duration `yaml:"maxAge" default:"720h" min:"0s"`
	// Files that were put aside and are kept; the oldest one goes when there is one more. 0: all.
	Keep int `yaml:"keep" default:"10" min:"0" max:"100000"`
	// Longest time until an entry that was written is on the disk: what a crash of the machine may lose. 0: whenever the system writes it.
	SyncEvery Duration `yaml:"syncEvery" default:"1s" min:"0s" max:"1h"`
	// What happens while entries cannot be written, such as with a full disk. refuse: requests are answered with 503, except those of the engine's own that only read. count: they go on; entries wait in memory, and those without room there are counted.
	OnFailure string `yaml:"onFailure" default:"refuse" enum:"refuse,count"`
}

// Limits bound one handler call of a plugin. Zero means that the limit is
// not set here and the next wider one holds.
type Limits struct {
	// Budget of executed WASM code.
	Fuel uint64 `yaml:"fuel" min:"1"`
	// Linear memory in KiB.
	MemoryKiB uint32 `yaml:"memoryKiB" min:"64" max:"4194304"`
	// Calls from the guest into the engine.
	HostCalls uint32 `yaml:"hostCalls" min:"1"`
	// Wall time in milliseconds, host calls included.
	WallMs uint32 `yaml:"wallMs" min:"1"`
	// Instances of a module that run at the same time. All tenants share them, so this limit is not set per plugin.
	Instances int `yaml:"instances" min:"1" max:"10000"`
}
