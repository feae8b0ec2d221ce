package capability

import (
	"context"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/secret"
)

// maxAlphabetLength bounds the alphabet of random.string.
const maxAlphabetLength = 256

// alphabet returns the letters of a named alphabet; others are their own.
func alphabet(name string) string {
	switch name {
	case "":
		return secret.Alnum
	case "lower":
		return secret.Lower
	case "upper":
		return secret.Upper
	case "digits":
		return secret.Digits
	case "url":
		return secret.URLSafe
	}
	return name
}

func (h *Functions) randomString(_ context.Context, _ *dispatch.Call, a randomStringArgs) (document.Value, error) {
	letters := alphabet(a.Alphabet)
	if len(letters) < 2 || len(letters) > maxAlphabetLength {
		return document.Value{}, invalid("argument alphabet must have 2 to 256 characters")
	}
	return textResult("value", secret.RandomString(int(a.Length), letters), nil)
}

func (h *Functions) randomUUID(context.Context, *dispatch.Call, randomUUIDArgs) (document.Value, error) {
	return textResult("value", secret.UUID(), nil)
}

func (h *Functions) ratelimitHit(ctx context.Context, c *dispatch.Call, a ratelimitHitArgs) (document.Value, error) {
	allowed, retry, err := h.Counters.Hit(ctx, ratelimit.Key{Owner: c.Exchange.Request.IP, Name: h.countKey(c, a.Key)}, life(a.Window), a.Max)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(2).
		Set("allowed", document.Boolean(allowed)).
		Set("retryAfter", document.Int(int64((retry+time.Second-1)/time.Second)))), nil
}

// ratelimitReset forgets the uses of a key.
func (h *Functions) ratelimitReset(ctx context.Context, c *dispatch.Call, a ratelimitResetArgs) (document.Value, error) {
	return empty(), h.Counters.Forget(ctx, h.countKey(c, a.Key))
}

// countKey keeps the keys of tenants and plugins apart.
func (h *Functions) countKey(c *dispatch.Call, key string) string {
	return h.Tenant + "\x00" + c.Entry.Plugin.ID + "\x00" + key
}

// auditRecord writes an entry of the plugin's own. It fails closed, whatever
// the plugin makes of it: what cannot be recorded does not happen.
func (h *Functions) auditRecord(ctx context.Context, c *dispatch.Call, a auditRecordArgs) (document.Value, error) {
	details := map[string]string{}
	for name, v := range a.Details.All() {
		if s := v.Str(); s != "" {
			details[name] = s
		} else {
			details[name] = string(v.JSON())
		}
	}
	r := &c.Exchange.Request
	err := h.Audit.Record(ctx, audit.Event{
		Time: c.Exchange.Now, Tenant: h.Tenant, Action: c.Entry.Plugin.ID + "." + a.Action, Actor: a.UserID, ImpersonatedBy: c.Exchange.Session.Impersonator(ctx), AssumedBy: c.Exchange.Session.AssumedBy(),
		IP: r.IP, RequestID: r.ID, Plugin: c.Entry.Plugin.ID, Outcome: a.Outcome, Details: details,
	})
	if err != nil {
		refused := apierror.New(http.StatusServiceUnavailable, "AUDIT_UNAVAILABLE", "The action could not be recorded.").WithCause(err)
		c.Exchange.FailUnit(refused)
		return document.Value{}, refused
	}
	return empty(), nil
}
