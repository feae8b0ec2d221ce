package capability

import (
	"context"
	"log/slog"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/egress"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/post"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Config is what Functions works with. All members but Mail, SMS, Texts, HTTP and
// JWKSMaxAge are required.
type Config struct {
	Tenant   string
	Identity *identity.Service
	// SessionFields are the additional fields of sessions.
	SessionFields []identity.Field
	Secrets       *secret.Secrets
	Keys          *keyring.Ring
	// JWKSMaxAge is how long verifiers may cache a key set; default
	// DefaultJWKSMaxAge. Keys publishes a new key for longer than that before
	// it signs.
	JWKSMaxAge time.Duration
	Mail       post.Way[mail.Message] // nil: mails are dropped, as mail.disabled says
	SMS        post.Way[sms.Message]  // nil: text messages are refused as unavailable
	Texts      *sms.Renderer          // of SMS
	Audit      audit.Log
	Counters   ratelimit.Counter // for the ratelimit capability
	HTTP       *egress.Client    // nil: no plugin may call other servers
	Schema     store.Schema
	// Describe gives the OpenAPI document of the tenant; nil: there is none.
	Describe func() document.Value
	// Outgoing, if set, is told of every request that HTTP was asked for, and
	// what became of it: "ok", "failed" (a status of 500 or more), or the status
	// that the plugin got.
	Outgoing func(tenant, plugin, outcome string, took time.Duration)
	// PlainTokens stores the tokens of providers as they are, not sealed.
	PlainTokens bool
	Logger      *slog.Logger
}

// Functions performs the host calls of one tenant's plugins. It implements
// dispatch.Capabilities.
type Functions struct {
	Config
	tokens  tokenCache
	answers answerCache
}

// New returns the host calls of a tenant.
func New(c Config) *Functions {
	if c.JWKSMaxAge <= 0 {
		c.JWKSMaxAge = DefaultJWKSMaxAge
	}
	return &Functions{Config: c, tokens: newTokenCache()}
}

// Call implements dispatch.Capabilities.
func (h *Functions) Call(ctx context.Context, c *dispatch.Call, capability, name string, args *document.Object) (document.Value, error) {
	request, ok := c.Entry.Plugin.Capability(capability)
	if !ok {
		return document.Value{}, refuse(pluginapi.StatusDenied, "the manifest does not ask for the capability "+capability)
	}
	f, ok := functions[capability][name]
	if !ok {
		return document.Value{}, refuse(pluginapi.StatusUnsupported, "this engine has no function "+capability+"."+name)
	}
	return f(ctx, h, c, &request, args)
}

func refuse(status pluginapi.Status, message string) error {
	return &dispatch.Refusal{Status: status, Message: message}
}

func invalid(message string) error { return refuse(pluginapi.StatusInvalid, message) }

// life is a number of seconds of the arguments.
func life(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

func object(o *document.Object) document.Value { return document.Obj(o) }

func empty() document.Value { return document.Obj(document.NewObject(0)) }
