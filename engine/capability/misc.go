package capability

import (
	"context"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
)

// Bounds of random.string.
const (
	maxRandomLength   = 1024
	maxAlphabetLength = 256
)

// alphabets are the named ones of random.string.
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

func randomString(_ context.Context, _ *dispatch.Call, args *document.Object) (document.Value, error) {
	n, ok := args.Get("length").Int()
	if !ok || n < 1 || n > maxRandomLength {
		return document.Value{}, invalid("argument length must be a number from 1 to 1024")
	}
	letters := alphabet(args.Get("alphabet").Str())
	if len(letters) < 2 || len(letters) > maxAlphabetLength {
		return document.Value{}, invalid("argument alphabet must have 2 to 256 characters")
	}
	return object(document.NewObject(1).Set("value", document.Text(secret.RandomString(int(n), letters)))), nil
}

func randomUUID(context.Context, *dispatch.Call, *document.Object) (document.Value, error) {
	return object(document.NewObject(1).Set("value", document.Text(secret.UUID()))), nil
}

func (h *Host) hit(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	key, err := text(args, "key")
	if err != nil {
		return document.Value{}, err
	}
	window, err := seconds(args, "window")
	if err != nil {
		return document.Value{}, err
	}
	limit, ok := args.Get("max").Int()
	if !ok || limit < 1 {
		return document.Value{}, invalid("argument max must be a number of at least 1")
	}
	allowed, retry, err := h.Counters.Hit(ctx, h.countKey(c, key), window, limit)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(2).
		Set("allowed", document.Boolean(allowed)).
		Set("retryAfter", document.Int(int64((retry+time.Second-1)/time.Second)))), nil
}

// resetCount forgets the uses of a key.
func (h *Host) resetCount(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	key, err := text(args, "key")
	if err != nil {
		return document.Value{}, err
	}
	return empty(), h.Counters.Forget(ctx, h.countKey(c, key))
}

// countKey keeps the keys of tenants and plugins apart.
func (h *Host) countKey(c *dispatch.Call, key string) string {
	return h.Tenant + "\x00" + c.Entry.Plugin.ID + "\x00" + key
}

// recordAudit writes an entry of the plugin's own. It fails closed, whatever
// the plugin makes of it: what cannot be recorded does not happen.
func (h *Host) recordAudit(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	action, err := text(args, "action")
	if err != nil {
		return document.Value{}, err
	}
	details := map[string]string{}
	for name, v := range args.Get("details").Object().All() {
		if s := v.Str(); s != "" {
			details[name] = s
		} else {
			details[name] = string(v.JSON())
		}
	}
	outcome := audit.Success
	if args.Get("outcome").Str() == audit.Failure {
		outcome = audit.Failure
	}
	r := &c.Exchange.Request
	err = h.Audit.Record(ctx, audit.Event{
		Time: c.Exchange.Now, Tenant: h.Tenant, Action: c.Entry.Plugin.ID + "." + action, Actor: args.Get("userId").Str(),
		IP: r.IP, RequestID: r.ID, Plugin: c.Entry.Plugin.ID, Outcome: outcome, Details: details,
	})
	if err != nil {
		refused := apierror.New(http.StatusServiceUnavailable, "AUDIT_UNAVAILABLE", "The action could not be recorded.").Because(err)
		c.Exchange.Doom(refused)
		return document.Value{}, refused
	}
	return empty(), nil
}
