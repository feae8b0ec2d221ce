package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// checker looks for faults between values that are right by themselves, and
// fills in what follows from other values.
type checker struct {
	*faults
	dir    string
	config *Config
}

func (c *checker) run() {
	c.server()
	c.store()
	c.redis()
	c.mail()
	c.sms()
	c.tenants()
}

// at notes a fault at the element that a JSON Pointer names, unless there is
// one already: the second would likely follow from the first.
func (c *checker) at(o Origin, pointer, message, remedy string) {
	if c.noted(o, pointer) {
		return
	}
	pos := o.At(pointer)
	c.add(place{pos.Line, pos.Column}, message, remedy)
}

// noted reports whether there is a fault at the element.
func (c *checker) noted(o Origin, pointer string) bool {
	pos := o.At(pointer)
	return slices.ContainsFunc(c.list, func(e *Error) bool { return e.Line == pos.Line && e.Column == pos.Column })
}

func (c *checker) warn(o Origin, pointer, message, remedy string) {
	c.config.Warnings = append(c.config.Warnings, o.Fault(pointer, message, remedy))
}

// path makes a path of the file relative to the file's folder.
func (c *checker) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func (c *checker) server() {
	o, s := c.config.Origin, &c.config.Server
	c.listen(o, "/server/listen", s.Listen)
	if s.Admin != "" {
		c.listen(o, "/server/admin", s.Admin)
		if s.Admin == s.Listen && !strings.HasSuffix(s.Listen, ":0") {
			c.at(o, "/server/admin", fmt.Sprintf("server.admin and server.listen are both %s", s.Admin), `give the admin listener its own address, or turn it off with ""`)
		}
		if s.Development && !loopback(s.Admin) {
			c.warn(o, "/server/admin", "the admin listener shows every mail and text message in development, and is not limited to this host", "listen on 127.0.0.1")
		}
	}
	if s.DataDir == "" {
		c.at(o, "/server/dataDir", "server.dataDir is empty", "name a folder")
		return
	}
	s.DataDir = c.path(s.DataDir)
	s.BackupDir = c.path(s.BackupDir)
	if s.CacheDir = c.path(s.CacheDir); s.CacheDir == "" {
		s.CacheDir = filepath.Join(s.DataDir, "cache")
	}
	if c.config.Audit.File = c.path(c.config.Audit.File); c.config.Audit.File == "" {
		c.config.Audit.File = filepath.Join(s.DataDir, "audit.jsonl")
	}
}

func (c *checker) listen(o Origin, pointer, address string) {
	_, port, err := net.SplitHostPort(address)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || n == 0 && port != "0" {
		c.at(o, pointer, fmt.Sprintf("%q is not an address to listen on", address), `write host:port, such as "127.0.0.1:8080" or ":8080"`)
	}
}

// loopback reports whether an address reaches this host alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func (c *checker) store() {
	o, s := c.config.Origin, c.config.Store
	switch url := s.Postgres.URL; {
	case s.Driver == DriverPostgres && url == "":
		c.at(o, "/store/postgres/url", "store.postgres.url is missing", "write the connection URL, usually ${DATABASE_URL}")
	case url == "":
	case s.Driver == DriverBolt:
		c.at(o, "/store/postgres", "store.postgres is set, but the driver is bolt", "write driver: postgres, or remove it")
	case !strings.HasPrefix(url.Reveal(), "postgres://") && !strings.HasPrefix(url.Reveal(), "postgresql://"):
		c.at(o, "/store/postgres/url", "store.postgres.url is not a PostgreSQL URL", "write postgres://user:password@host:port/database")
	}
}

// RedisURLs says how redis.url is written in each redis.mode.
var RedisURLs = map[string]string{
	"single":   "write redis://user:password@host:port/database, rediss:// with TLS",
	"sentinel": "write redis://host:26379/database?master_name=NAME&addr=host2:26379, rediss:// with TLS; user and password of the server are the parameters username and password",
	"cluster":  "write redis://user:password@host:port?addr=host2:port, rediss:// with TLS",
}

func (c *checker) redis() {
	o, r := c.config.Origin, c.config.Redis
	schemes := []string{"redis", "rediss"}
	if r.Mode == "single" {
		schemes = append(schemes, "unix")
	}
	address := r.URL.Reveal()
	u, err := url.Parse(address)
	if address != "" && (err != nil || !slices.Contains(schemes, u.Scheme) || r.Mode == "sentinel" && u.Query().Get("master_name") == "") {
		c.at(o, "/redis/url", "redis.url is not a Redis URL of mode "+r.Mode, RedisURLs[r.Mode])
	}
	if strings.ContainsAny(r.Prefix, "{}") {
		c.at(o, "/redis/prefix", "redis.prefix has braces, which in a key name its slot", "write a prefix without { and }")
	}
}

func (c *checker) mail() {
	o, m := c.config.Origin, c.config.Mail
	if m.From != "" {
		c.sender(o, "/mail/from", m.From)
	}
	if m.SMTP == nil {
		return
	}
	if m.Disabled {
		c.at(o, "/mail/disabled", "mails are disabled, and there is a mail server", "remove mail.disabled, or mail.smtp")
	}
	if m.From == "" {
		c.at(o, "/mail", "mail.from is missing", `write the sender, such as "My App <no-reply@example.com>"`)
	}
	if m.SMTP.Username == "" && m.SMTP.Password != "" {
		c.at(o, "/mail/smtp/password", "an SMTP password without a user name", "add mail.smtp.username")
	}
	if m.SMTP.TLS == TLSNone && !loopback(m.SMTP.Host) {
		c.warn(o, "/mail/smtp/tls", "mails, with the links that are in them, go to "+m.SMTP.Host+" unencrypted", "write tls: starttls or tls: implicit")
	}
}

func (c *checker) sender(o Origin, pointer, from string) {
	if _, err := mail.ParseAddress(from); err != nil {
		c.at(o, pointer, fmt.Sprintf("%q is not a sender", from), `write an address, such as "My App <no-reply@example.com>"`)
	}
}
