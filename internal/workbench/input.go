package workbench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/outbox"
)

// Input is what a handler is called with: parts of the document that
// pluginapi/ABI.md describes, by the names that it has there. All may be left
// out.
type Input struct {
	// Now is the time of the call, as in now.iso; default the time that it is.
	Now string `json:"now,omitempty"`
	// Request is the client's request.
	Request *Request `json:"request,omitempty"`
	// Session puts a user and a session into the store and makes the request
	// carry it; {} is one with nothing particular.
	Session *Session `json:"session,omitempty"`
	// Users puts users into the store who are not those of the session: fields
	// that are to be there, such as id and email.
	Users []json.RawMessage `json:"users,omitempty"`
	// Event has what the event is about besides its record.
	Event *Event `json:"event,omitempty"`
	// Record, Previous and Claims are those of the event.
	Record   json.RawMessage `json:"record,omitempty"`
	Previous json.RawMessage `json:"previous,omitempty"`
	Claims   json.RawMessage `json:"claims,omitempty"`
	// Response is the answer so far, for hooks that look at one.
	Response *Response `json:"response,omitempty"`
	// Storage are records to store before the call, by model of the plugin.
	Storage map[string][]json.RawMessage `json:"storage,omitempty"`
}

// Request is the request of an Input. Of an endpoint, method and path are
// those that are called.
type Request struct {
	Method    string            `json:"method,omitempty"`
	Path      string            `json:"path,omitempty"` // below the base path, with the query
	Headers   map[string]string `json:"headers,omitempty"`
	Body      json.RawMessage   `json:"body,omitempty"` // JSON; a text is sent as it is where content-type is another
	IP        string            `json:"ip,omitempty"`
	UserAgent string            `json:"userAgent,omitempty"`
}

// Session is the session of an Input: fields that are to be there.
type Session struct {
	User    json.RawMessage `json:"user,omitempty"`
	Session json.RawMessage `json:"session,omitempty"`
}

// Event is what an Input says of an event. The last five are of durable
// deliveries.
type Event struct {
	Phase      string `json:"phase,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Plugin     string `json:"plugin,omitempty"`
	RememberMe *bool  `json:"rememberMe,omitempty"`
	ID         string `json:"id,omitempty"`
	Target     string `json:"target,omitempty"`
	UserID     string `json:"userId,omitempty"`
	Attempt    int    `json:"attempt,omitempty"`
	Version    uint64 `json:"version,omitempty"`
}

// ParseInput reads an Input from JSON. Members that it does not have are
// errors.
func ParseInput(text []byte) (*Input, error) {
	in := &Input{}
	if err := strict(text, 1, in); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	return in, nil
}

// object reads a JSON object; nil if there is none.
func object(name string, text json.RawMessage) (*document.Object, error) {
	if len(text) == 0 {
		return nil, nil
	}
	v, err := document.Parse(text, 0)
	if err != nil || v.Kind() != document.ObjectKind {
		return nil, fmt.Errorf("input: %s is not a JSON object", name)
	}
	return v.Object(), nil
}

// now returns the time of the call; zero is the time that it is.
func (in *Input) now() (time.Time, error) {
	if in.Now == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, in.Now)
	if err != nil {
		return time.Time{}, fmt.Errorf("input: now: %w", err)
	}
	return t, nil
}

// firing is the event that a hook is called for.
func (in *Input) firing(name string, durable bool, now time.Time) (f dispatch.Firing, err error) {
	e := in.Event
	if e == nil {
		e = &Event{}
	}
	f = dispatch.Firing{Phase: e.Phase, Reason: e.Reason, Cause: e.Plugin, DontRemember: e.RememberMe != nil && !*e.RememberMe}
	if f.Record, err = object("record", in.Record); err != nil {
		return f, err
	}
	if f.Previous, err = object("previous", in.Previous); err != nil {
		return f, err
	}
	if f.Claims, err = object("claims", in.Claims); err != nil {
		return f, err
	}
	if durable {
		f.Delivery = &outbox.Entry{ID: e.ID, Attempts: max(0, e.Attempt-1), Event: outbox.Event{
			Name: name, Target: e.Target, Subject: e.UserID, Version: max(1, e.Version), Time: now,
		}}
	}
	return f, nil
}

// answer is the answer that a hook sees.
func (in *Input) answer() (dispatch.Response, error) {
	out := dispatch.Response{Headers: http.Header{}}
	r := in.Response
	if r == nil {
		return out, nil
	}
	if len(r.Cookies) > 0 {
		return out, errors.New("input: response.cookies: cookies are set by handlers alone; call an endpoint that sets them")
	}
	out.Status, out.Redirect = r.Status, r.Redirect
	for name, value := range r.Headers {
		out.Headers.Set(name, value)
	}
	if len(r.Body) > 0 {
		body, err := document.Parse(r.Body, 0)
		if err != nil {
			return out, fmt.Errorf("input: response.body: %w", err)
		}
		out.Body = body
	}
	return out, nil
}

// The client whose request it is, if the input names none: an address for
// documentation (RFC 5737).
const (
	clientIP    = "203.0.113.7"
	clientAgent = "authhost-plugin-call"
)

// request is the request that a hook sees.
func (in *Input) request(cookie string) (dispatch.Request, error) {
	q := in.Request
	if q == nil {
		q = &Request{}
	}
	out := dispatch.Request{
		Method: q.Method, URL: q.Path, Headers: q.header(cookie), IP: cmp.Or(q.IP, clientIP), UserAgent: cmp.Or(q.UserAgent, clientAgent),
		Query: document.NewObject(0),
	}
	target, err := url.Parse(q.Path)
	if err != nil {
		return out, fmt.Errorf("input: request.path: %w", err)
	}
	out.Path, out.Route, out.ContentType = target.Path, target.Path, out.Headers.Get("Content-Type")
	for name, values := range target.Query() {
		texts := make([]document.Value, len(values))
		for i, v := range values {
			texts[i] = document.Text(v)
		}
		if out.Query.Set(name, document.List(texts...)); len(texts) == 1 {
			out.Query.Set(name, texts[0])
		}
	}
	if len(q.Body) > 0 {
		if out.Body, err = document.Parse(q.Body, 0); err != nil {
			return out, fmt.Errorf("input: request.body: %w", err)
		}
		out.RawBody = q.rawBody()
	}
	return out, nil
}

func (q *Request) header(cookie string) http.Header {
	h := http.Header{}
	for name, value := range q.Headers {
		h.Set(name, value)
	}
	if own := h.Get("Cookie"); own != "" && cookie != "" {
		cookie = own + "; " + cookie
	}
	if cookie != "" {
		h.Set("Cookie", cookie)
	}
	if len(q.Body) > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", jsonType)
	}
	return h
}

const jsonType = "application/json"

// rawBody is the body as it is sent: JSON, or of another content type the text.
func (q *Request) rawBody() []byte {
	var text string
	if kind := q.header("").Get("Content-Type"); !strings.HasPrefix(kind, jsonType) && json.Unmarshal(q.Body, &text) == nil {
		return []byte(text)
	}
	return q.Body
}
