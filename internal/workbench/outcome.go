package workbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// Outcome is what came of a call.
type Outcome struct {
	Call string `json:"call"` // the event, or method and path
	// Handler is the one that was called, and Result what it returned:
	// continue, respond, deny or failed; or trap. Absent when a request was
	// answered by the host or another plugin; Handlers has the hooks that ran.
	Handler *int32 `json:"handler,omitempty"`
	Result  string `json:"result,omitempty"`
	// Failure says why a handler failed or trapped.
	Failure string `json:"failure,omitempty"`
	// Error is what a hook refused with.
	Error *Refusal `json:"error,omitempty"`
	// Response is the answer to a request, or what a hook did to it.
	Response *Response `json:"response,omitempty"`
	// Record and Claims are those of the event after the call.
	Record json.RawMessage `json:"record,omitempty"`
	Claims json.RawMessage `json:"claims,omitempty"`
	// Storage has all records of the plugin's models, Mails and Messages (to
	// phones) what was sent.
	Storage  map[string][]json.RawMessage `json:"storage,omitempty"`
	Mails    []Mail                       `json:"mails,omitempty"`
	Messages []TextMessage                `json:"messages,omitempty"`
	// Log are the lines that the plugin logged or printed, and the host's
	// warnings.
	Log []Line `json:"log,omitempty"`
	// Handlers are all that ran, in the order in which they ended.
	Handlers []Used `json:"handlers"`
}

// Refusal is an error for the client.
type Refusal struct {
	Status  int    `json:"status"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Response is an answer, as far as it is there.
type Response struct {
	Status   int               `json:"status,omitempty"`
	Redirect string            `json:"redirect,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"` // lower-case names
	Cookies  map[string]string `json:"cookies,omitempty"` // by name without prefix; "" takes one away
	Body     json.RawMessage   `json:"body,omitempty"`
}

// Mail is a message that was sent.
type Mail struct {
	To       string `json:"to"`
	Template string `json:"template"`
	Subject  string `json:"subject,omitempty"`
	URL      string `json:"url,omitempty"`
	Token    string `json:"token,omitempty"`
	OTP      string `json:"otp,omitempty"`
}

// TextMessage is a text message that was sent to a phone.
type TextMessage struct {
	To      string `json:"to"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Line is a line of the log.
type Line struct {
	Level   string `json:"level"` // debug, info, warn or error
	Message string `json:"message"`
}

// Used is what one call of a handler took.
type Used struct {
	Plugin    string  `json:"plugin,omitempty"` // if it is another one
	Handler   int32   `json:"handler"`
	On        string  `json:"on"`
	Result    string  `json:"result"`
	Failure   string  `json:"failure,omitempty"` // why it failed or trapped
	Fuel      uint64  `json:"fuel"`
	HostCalls uint32  `json:"hostCalls"`
	MemoryKiB int     `json:"memoryKiB"`
	BytesIn   uint64  `json:"bytesIn"`  // that the host handed over
	BytesOut  uint64  `json:"bytesOut"` // that the guest did
	Millis    float64 `json:"ms"`
}

func usedBy(h engine.Handled) Used {
	u := h.Usage
	used := Used{
		Handler: h.Handler.Number, On: on(h.Handler), Result: resultOf(h), Fuel: u.Fuel, HostCalls: u.HostCalls,
		MemoryKiB: int(u.Pages) * pageKiB, BytesIn: u.BytesIn, BytesOut: u.BytesOut, Millis: millis(u.Wall),
	}
	if used.Result == "failed" || used.Result == outcomeTrap {
		used.Failure = reasonOf(h.Err)
	}
	return used
}

// resultOf is the result of a handler, or trap.
func resultOf(h engine.Handled) string {
	switch h.Outcome {
	case dispatch.OutcomeOK:
		return resultName(h.Result)
	case dispatch.OutcomeDeny: // also of a handler that failed because another plugin has refused
		return resultName(pluginapi.Deny)
	case dispatch.OutcomeTrap, dispatch.OutcomeBusy, dispatch.OutcomeOpen:
		return outcomeTrap
	}
	return "failed"
}

// reasonOf says why a handler failed, for its author.
func reasonOf(err error) string {
	var trap *sandbox.TrapError
	if errors.As(err, &trap) {
		return trapOf(trap)
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func appendObject(o *document.Object) []byte { return document.Obj(o).JSON() }

// responseOf is what a hook set of an answer; nil if it set nothing.
func responseOf(r dispatch.Response) *Response {
	out := &Response{Status: r.Status, Redirect: r.Redirect, Headers: headersOf(r.Headers)}
	for _, c := range r.Cookies {
		if out.Cookies == nil {
			out.Cookies = map[string]string{}
		}
		out.Cookies[c.Name] = c.Value
	}
	if !r.Body.IsAbsent() {
		out.Body = r.Body.JSON()
	}
	if out.Status == 0 && out.Redirect == "" && out.Headers == nil && out.Cookies == nil && out.Body == nil {
		return nil
	}
	return out
}

// headersOf leaves out what every answer has.
func headersOf(h http.Header) map[string]string {
	var out map[string]string
	for name, values := range h {
		switch name {
		case "Server-Timing", "Content-Type", "Content-Length", "Set-Cookie", "Location":
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response(prefix string) *Response {
	w.WriteHeader(http.StatusOK)
	out := &Response{Status: w.status, Redirect: w.header.Get("Location"), Headers: headersOf(w.header)}
	for _, line := range w.header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil {
			if out.Cookies == nil {
				out.Cookies = map[string]string{}
			}
			out.Cookies[strings.TrimPrefix(c.Name, prefix)] = c.Value
		}
	}
	switch body := w.body.Bytes(); {
	case json.Valid(body):
		out.Body = body
	case len(body) > 0:
		out.Body, _ = json.Marshal(string(body)) // a string always can be
	}
	return out
}

// lines is a slog.Handler that keeps what plugins log, and the host's warnings.
type lines struct{ bench *Bench }

func (lines) Enabled(context.Context, slog.Level) bool { return true }

func (l lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l lines) WithGroup(string) slog.Handler      { return l }

func (l lines) Handle(_ context.Context, r slog.Record) error {
	plugin, told, text := false, false, r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "plugin":
			plugin = true
		case "outcome":
			told = true // by Used.Failure
		case "error":
			text += ": " + a.Value.String()
		}
		return true
	})
	if !told && (plugin || r.Level >= slog.LevelWarn) {
		l.bench.mu.Lock()
		defer l.bench.mu.Unlock()
		l.bench.log = append(l.bench.log, Line{strings.ToLower(r.Level.String()), text})
	}
	return nil
}

// Failed reports whether the handler did not do its work.
func (o *Outcome) Failed() bool { return o.Result == "failed" || o.Result == outcomeTrap }

// Write prints the outcome for people.
func (o *Outcome) Write(w io.Writer) {
	switch {
	case o.Handler == nil:
		fmt.Fprintf(w, "%s: not answered by a handler of the plugin\n", o.Call)
	case o.Failure != "":
		fmt.Fprintf(w, "%s, handler %d: %s: %s\n", o.Call, *o.Handler, o.Result, o.Failure)
	default:
		fmt.Fprintf(w, "%s, handler %d: %s\n", o.Call, *o.Handler, o.Result)
	}
	if e := o.Error; e != nil {
		fmt.Fprintf(w, "  %-9s %d %s: %s\n", "error", e.Status, e.Code, e.Message)
	}
	if r := o.Response; r != nil {
		r.write(w)
	}
	if len(o.Record) > 0 && o.Error == nil {
		fmt.Fprintf(w, "  %-9s %s\n", "record", o.Record)
	}
	if len(o.Claims) > 0 && o.Error == nil {
		fmt.Fprintf(w, "  %-9s %s\n", "claims", o.Claims)
	}
	for _, model := range slices.Sorted(maps.Keys(o.Storage)) {
		for _, r := range o.Storage[model] {
			fmt.Fprintf(w, "  %-9s %s %s\n", "stored", model, r)
		}
	}
	for _, m := range o.Mails {
		text, _ := json.Marshal(m) // it has texts alone
		fmt.Fprintf(w, "  %-9s %s\n", "mail", text)
	}
	for _, m := range o.Messages {
		fmt.Fprintf(w, "  %-9s %s to %s: %s\n", "message", m.Kind, m.To, m.Message)
	}
	for _, l := range o.Log {
		fmt.Fprintf(w, "  %-9s %s: %s\n", "log", l.Level, l.Message)
	}
	for _, u := range o.Handlers {
		who := ""
		if len(o.Handlers) > 1 || o.Handler == nil {
			who = u.who() + ": "
		}
		fmt.Fprintf(w, "  %-9s %s%s\n", "used", who, u)
	}
}

// who names the handler, and how it ended.
func (u Used) who() string {
	s := fmt.Sprintf("handler %d (%s) %s", u.Handler, u.On, u.Result)
	if u.Plugin != "" {
		s = u.Plugin + ", " + s
	}
	if u.Failure != "" {
		s += ", " + u.Failure
	}
	return s
}

// String says what a call took, on one line.
func (u Used) String() string {
	return fmt.Sprintf("fuel %d, %d host calls, %d KiB memory, %.2f ms", u.Fuel, u.HostCalls, u.MemoryKiB, u.Millis)
}

func (r *Response) write(w io.Writer) {
	parts := []string{}
	if r.Status != 0 {
		parts = append(parts, fmt.Sprint(r.Status))
	}
	if r.Redirect != "" {
		parts = append(parts, "to "+r.Redirect)
	}
	if len(r.Body) > 0 {
		parts = append(parts, string(r.Body))
	}
	if len(parts) > 0 {
		fmt.Fprintf(w, "  %-9s %s\n", "answer", strings.Join(parts, " "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		fmt.Fprintf(w, "  %-9s %s: %s\n", "header", name, r.Headers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Cookies)) {
		fmt.Fprintf(w, "  %-9s %s=%s\n", "cookie", name, r.Cookies[name])
	}
}
