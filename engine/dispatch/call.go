package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Call is one run of one handler: the host side of the ABI. It implements
// sandbox.Imports.
type Call struct {
	Exchange *Exchange
	Entry    Entry

	ctx          context.Context
	event        string
	phase        string
	reason       string           // session events
	cause        string           // the plugin whose host call raised the event
	dontRemember bool             // session.creating: rememberMe was false
	record       *document.Object // record events
	previous     *document.Object
	claims       *document.Object // token.claims
	service      *service         // of a call to one
	due          time.Time        // of a schedule; else zero
	input        document.Value   // of a service or an appointment
	output       document.Value
	delivery     *outbox.Entry // durable deliveries
	// appointment is what a schedule runs for, if it does not by cron.
	appointment *outbox.Entry

	args    document.Value
	unset   string // the path below args that could not be written, and why
	scratch document.Value
	result  document.Value
	copied  int // bytes that the guest had the host copy within the document
	denial  denial
	refusal error // the last host call that was refused
	trace   trace
}

// maxCopied bounds what one call may have copied within its document: copies
// cost the guest nothing, and copies of copies double in size each time.
const maxCopied = 16 << 20

type denial struct {
	status        int
	code, message string
}

// Refusal is an error of a host call with the status that the guest sees.
// Code and Message reach the guest as result.code and result.message.
type Refusal struct {
	Status  pluginapi.Status
	Code    string
	Message string
	Cause   error // for the host: why
}

// Error names the status, and the cause for the log.
func (r *Refusal) Error() string {
	s := "host call: " + r.Status.String() + ": " + r.Message
	if r.Cause != nil {
		s += ": " + r.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Call performs a capability call for the guest.
func (c *Call) Call(ctx context.Context, capability, function string, in, buf []byte) (uint32, []byte) {
	c.trace.calls++
	args, err := c.takeArgs(in)
	var v document.Value
	if err == nil {
		v, err = c.Exchange.caps.Call(ctx, c, capability, function, args)
	}
	if err != nil {
		return c.refuse(capability, function, err, buf)
	}
	if v.IsAbsent() {
		v = document.Obj(document.NewObject(0))
	}
	c.result, c.refusal = v, nil
	return uint32(pluginapi.StatusOK), v.AppendJSON(buf)
}

// takeArgs returns the arguments of a call: those in the text, or those at args.
// If one of the latter could not be written, the call must not happen without
// it.
func (c *Call) takeArgs(in []byte) (*document.Object, error) {
	if len(in) == 0 {
		args, unset := c.args.Object(), c.unset
		c.args, c.unset = document.Value{}, ""
		if unset != "" {
			return nil, &Refusal{Status: pluginapi.StatusInvalid, Message: unset}
		}
		if args == nil {
			args = document.NewObject(0)
		}
		return args, nil
	}
	v, err := c.parse(in)
	if overLimit(err) {
		return nil, &Refusal{Status: pluginapi.StatusLimit, Message: "arguments take more memory than there is for calls of plugins", Cause: err}
	}
	if err != nil || v.Kind() != document.ObjectKind {
		return nil, &Refusal{Status: pluginapi.StatusInvalid, Message: "arguments are not a JSON object", Cause: err}
	}
	return v.Object(), nil
}

// refuse turns an error into a status and {code, message}; what the guest may
// not know stays behind.
func (c *Call) refuse(capability, function string, err error, buf []byte) (uint32, []byte) {
	r := asRefusal(err)
	c.refusal = err
	switch {
	case errors.Is(err, store.ErrStale):
		c.Exchange.FailUnit(err) // it has seen data that is gone: it must run again
	case errors.Is(err, store.ErrUnavailable):
		c.Exchange.FailUnit(err) // clients are told to try later, whatever the guest makes of it
	}
	if r.Status == pluginapi.StatusInternal {
		c.Exchange.logger.ErrorContext(c.ctx, "host call failed", "plugin", c.Entry.Plugin.ID, "capability", capability, "function", function, "error", err)
	}
	o := document.NewObject(2).Set("code", document.Text(r.Code)).Set("message", document.Text(r.Message))
	if r.Code == "" {
		o.Delete("code")
	}
	c.result = document.Obj(o)
	return uint32(r.Status), c.result.AppendJSON(buf)
}

// Get reads a field of the call's document.
func (c *Call) Get(path string, buf []byte) (uint32, []byte) {
	if path == rawBodyPath && c.loaded() && c.Exchange.Request.RawBody != nil {
		c.trace.reads("request")
		if _, ok := c.sees(rawBodyNames); !ok {
			return uint32(pluginapi.KindAbsent), nil
		}
		return uint32(pluginapi.KindBytes), append(buf, c.Exchange.Request.RawBody...)
	}
	if text := c.whole(path); text != nil {
		return uint32(pluginapi.KindJSON), append(buf, text...)
	}
	kind, text := encode(c.read(path), buf)
	return uint32(kind), text
}

func encode(v document.Value, buf []byte) (pluginapi.Kind, []byte) {
	switch v.Kind() {
	case document.Absent:
		return pluginapi.KindAbsent, buf
	case document.Null:
		return pluginapi.KindNull, buf
	case document.Bool:
		return pluginapi.KindBool, strconv.AppendBool(buf, v.Bool())
	case document.Number:
		return pluginapi.KindNumber, append(buf, v.NumberText()...)
	case document.String:
		return pluginapi.KindString, append(buf, v.Str()...)
	default:
		return pluginapi.KindJSON, v.AppendJSON(buf)
	}
}

// decode turns what a guest wrote into a value.
func (c *Call) decode(kind pluginapi.Kind, value []byte) (document.Value, pluginapi.Status) {
	switch kind {
	case pluginapi.KindAbsent:
		return document.Value{}, pluginapi.StatusOK
	case pluginapi.KindNull:
		return document.NullValue(), pluginapi.StatusOK
	case pluginapi.KindString:
		if !utf8.Valid(value) {
			return document.Value{}, pluginapi.StatusInvalid
		}
		if c.charge(len(value)) != nil {
			return document.Value{}, pluginapi.StatusLimit
		}
		return document.Text(string(value)), pluginapi.StatusOK
	case pluginapi.KindPath:
		return c.copyOf(string(value))
	case pluginapi.KindBool, pluginapi.KindNumber, pluginapi.KindJSON:
		v, err := c.parse(value)
		if overLimit(err) {
			return document.Value{}, pluginapi.StatusLimit
		}
		if err != nil || kind == pluginapi.KindBool && v.Kind() != document.Bool || kind == pluginapi.KindNumber && v.Kind() != document.Number {
			return document.Value{}, pluginapi.StatusInvalid
		}
		return v, pluginapi.StatusOK
	default:
		return document.Value{}, pluginapi.StatusInvalid
	}
}

// copyOf returns a copy of another field, within what the call may copy.
func (c *Call) copyOf(path string) (document.Value, pluginapi.Status) {
	v := c.read(path)
	size := sizeOf(v, maxCopied-c.copied)
	if size > maxCopied-c.copied || c.charge(size) != nil {
		return document.Value{}, pluginapi.StatusLimit
	}
	c.copied += size
	return v.Clone(), pluginapi.StatusOK
}

// Set writes a field of the call's document.
func (c *Call) Set(path string, kind uint32, value []byte) uint32 {
	status := c.set(path, pluginapi.Kind(kind), value)
	if rest, ok := strings.CutPrefix(path, argsRoot); ok && (rest == "" || rest[0] == '.') {
		c.noteArgs(path, status)
	}
	return uint32(status)
}

// argsRoot is where guests put the arguments of the next call together.
const argsRoot = "args"

// noteArgs keeps the first path of the arguments that could not be written,
// until a call is refused for it or the arguments are written as a whole.
func (c *Call) noteArgs(path string, status pluginapi.Status) {
	switch {
	case status != pluginapi.StatusOK && c.unset == "":
		c.unset = path + " could not be written (" + status.String() + ")"
	case status == pluginapi.StatusOK && path == argsRoot:
		c.unset = ""
	}
}

func (c *Call) set(path string, kind pluginapi.Kind, value []byte) pluginapi.Status {
	segments, err := pluginapi.ParsePath(path)
	if err != nil {
		return pluginapi.StatusInvalid
	}
	v, status := c.decode(kind, value)
	if status != pluginapi.StatusOK {
		return status
	}
	return c.write(segments, v)
}

// Log writes a line of the plugin's own log.
func (c *Call) Log(level int32, message string) {
	c.trace.other = true
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	l := slog.LevelInfo
	if level >= 0 && int(level) < len(levels) {
		l = levels[level]
	}
	c.Exchange.logger.Log(context.WithValue(c.ctx, guestLine{}, true), l, message, "plugin", c.Entry.Plugin.ID, "tenant", c.Exchange.Realm.ID, "request", c.Exchange.Request.ID)
}

// guestLine marks contexts of lines that a guest writes.
type guestLine struct{}

// IsGuestLine reports whether the context of a line of the log says that a guest
// wrote it, whose words say nothing of its kind.
func IsGuestLine(ctx context.Context) bool {
	guest, _ := ctx.Value(guestLine{}).(bool)
	return guest
}

func asRefusal(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	var denied *Denied
	if errors.As(err, &denied) {
		return &Refusal{Status: pluginapi.StatusDenied, Code: denied.Answer.Code, Message: denied.Answer.Message}
	}
	return refusalOf(err)
}
