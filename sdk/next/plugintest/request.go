package plugintest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	sdk "github.com/authhost/authhost/sdk/next"
)

// Request is a request for Do. Path is below the base path, or below the
// origin for endpoints that the manifest puts there; it may have a query.
type Request struct {
	Method  string // default GET
	Path    string
	Body    string // JSON
	Headers map[string]string
	Cookies map[string]string // by name without prefix
	// ServiceKey is the id of the service key that the request comes with. It
	// makes the request a server call, in the session that there is.
	ServiceKey string
}

// Response is the answer of a handler.
type Response struct {
	Status   int
	Body     any               // as encoding/json decodes it, numbers as json.Number; nil if empty
	Headers  map[string]string // lower-case names
	Location string            // of a redirect
	Cookies  map[string]Cookie // by name without prefix; session cookies are not here
	Result   sdk.Result        // what the handler returned
}

// Cookie is a cookie of an answer. The value of a sealed one is the JSON of its
// object, with the session that it is bound to: sent back beside that session,
// it is read again.
type Cookie struct {
	Value   string
	MaxAge  int // seconds; the declared one unless the handler set another
	Expired bool
}

// Get returns the value at a path of the body, nil if there is none.
func (r Response) Get(path string) any {
	d := document{root: Object{"body": r.Body}}
	v, _ := d.read("body." + path)
	return v
}

// Text returns the text at a path of the body, "" if there is none.
func (r Response) Text(path string) string { return text(r.Get(path)) }

// String returns the whole answer as one line.
func (r Response) String() string {
	return fmt.Sprintf("%d %s location=%q", r.Status, marshal(r.Body), r.Location)
}

// GET requests a path.
func (h *Host) GET(path string) Response { return h.Do(Request{Path: path}) }

// POST sends a JSON body to a path.
func (h *Host) POST(path, body string) Response {
	return h.Do(Request{Method: "POST", Path: path, Body: body})
}

// Do runs the endpoint that the manifest has for a request, as one unit of
// work. Without an endpoint the answer is 404, without a session that the
// manifest demands it is 401, and an endpoint for servers is 404 without a
// service key.
func (h *Host) Do(r Request) Response {
	h.t.Helper()
	if r.Method == "" {
		r.Method = "GET"
	}
	target, err := url.Parse(r.Path)
	if err != nil {
		h.t.Fatal(err)
	}
	handler, params := h.endpoint(r.Method, target.Path)
	if handler == nil || handler.Access == pluginapi.AccessServer && r.ServiceKey == "" {
		return Response{Status: 404}
	}
	h.begin("", "")
	h.fillRequest(r, handler.Path, target, params)
	if (handler.Session == pluginapi.SessionRequired || handler.Session == pluginapi.SessionFresh) && h.doc.root["session"] == nil {
		return Response{Status: 401, Body: Object{"code": "UNAUTHORIZED", "message": "Unauthorized"}}
	}
	return h.run(handler.Number)
}

func (h *Host) endpoint(method, path string) (*pluginapi.Handler, Object) {
	for i := range h.manifest.Handlers {
		e := &h.manifest.Handlers[i]
		if e.Kind == pluginapi.KindEndpoint && e.Method == method {
			if params, ok := matchRoute(h.route(e), path); ok {
				return e, params
			}
		}
	}
	return nil, nil
}

// route is the path of an endpoint: the configured one, if there is one.
func (h *Host) route(e *pluginapi.Handler) string {
	d := document{root: Object{"config": h.config}}
	if v, _ := d.read("config." + e.PathFrom); e.PathFrom != "" && text(v) != "" {
		return text(v)
	}
	return e.Path
}

func matchRoute(pattern, path string) (Object, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := Object{}
	for i := range want {
		if name, ok := strings.CutPrefix(want[i], ":"); ok && got[i] != "" {
			params[name] = got[i]
		} else if want[i] != got[i] {
			return nil, false
		}
	}
	return params, true
}

// begin makes the document of a call.
func (h *Host) begin(event, phase string) {
	h.doc = document{hook: event, root: Object{
		"event":    Object{},
		"config":   h.config,
		"tenant":   h.tenant,
		"now":      Object{"ms": h.now.UnixMilli(), "unix": h.now.Unix(), "iso": h.iso(h.now)},
		"response": Object{"headers": Object{}, "cookies": Object{}},
	}}
	if event != "" {
		h.doc.root["event"].(Object)["name"] = event
	}
	if phase != "" {
		h.doc.root["event"].(Object)["phase"] = phase
	}
	h.setCookies, h.injected = nil, ""
	h.refreshSession()
}

// refreshSession brings the document's session up to date.
func (h *Host) refreshSession() {
	if s := h.CurrentSession(); s != nil {
		h.doc.root["session"] = h.sessionView(s)
	} else {
		delete(h.doc.root, "session")
	}
}

// freshAge is how long a session counts as fresh.
const freshAge = 24 * time.Hour

// shown is a session as those see it who may have it.
func (h *Host) shown(s Object) Object {
	if h.serverCall() {
		s = maps.Clone(s)
		delete(s, "token")
	}
	return s
}

// sessionView is a session as the document has it.
func (h *Host) sessionView(s Object) any {
	created, err := time.Parse(timeLayout, text(s["createdAt"]))
	return clone(Object{
		"session": h.shown(s),
		"user":    h.User(text(s["userId"])),
		"fresh":   err == nil && h.now.Sub(created) < freshAge,
		// As newSession makes them.
		"rememberMe": text(s["expiresAt"]) != h.iso(created.AddDate(0, 0, 1)),
	})
}

func (h *Host) fillRequest(r Request, route string, target *url.URL, params Object) {
	query, headers, cookies := Object{}, Object{}, Object{}
	for name, values := range target.Query() {
		query[name] = values[0]
		if len(values) > 1 {
			query[name] = clone(values)
		}
	}
	for name, value := range r.Headers {
		headers[strings.ToLower(name)] = value
	}
	for name, value := range r.Cookies {
		if !h.sealed(name) {
			cookies[name] = value
		} else if object := h.unseal(value); object != nil {
			cookies[name] = object
		}
	}
	request := Object{
		"method": r.Method, "path": target.Path, "route": route, "url": r.Path, "params": params,
		"query": query, "headers": headers, "cookies": cookies, "ip": "203.0.113.7", "userAgent": "plugintest",
	}
	request["serverCall"] = r.ServiceKey != ""
	if r.ServiceKey != "" {
		request["serviceKey"] = r.ServiceKey
	}
	if headers["origin"] != nil {
		request["origin"] = headers["origin"]
	}
	if r.Body != "" {
		request["body"], request["rawBody"] = decode(h.t, r.Body), r.Body
	}
	h.doc.root["request"] = request
	h.refreshSession()
}

// serverCall reports whether the request is one.
func (h *Host) serverCall() bool {
	request, _ := h.doc.root["request"].(Object)
	return request["serverCall"] == true
}

// run calls a handler and reads the answer from the document. The writes of
// a handler that denies or fails are undone.
func (h *Host) run(number int32) Response {
	before, current := h.snapshot(), h.current
	h.kept = nil
	result := sdk.Invoke(h, number)
	r := Response{Result: result, Status: 200, Headers: map[string]string{}, Cookies: map[string]Cookie{}}
	if result != sdk.ResultContinue && result != sdk.ResultRespond {
		h.state, h.current = before, current
		for _, change := range h.kept {
			change()
		}
		return h.refusal(r)
	}
	response := h.doc.root["response"].(Object)
	r.Body = response["body"]
	if n := number64(response["status"]); n != 0 {
		r.Status = int(n)
	}
	for name, value := range response["headers"].(Object) {
		r.Headers[name] = text(value)
	}
	if r.Location = text(response["redirect"]); r.Location != "" {
		r.Status = 302
	} else {
		r.Location = r.Headers["location"]
	}
	for name, value := range response["cookies"].(Object) {
		r.Cookies[name] = h.cookie(name, value)
	}
	return r
}

func (h *Host) refusal(r Response) Response {
	if r.Result != sdk.ResultDeny {
		r.Status = 500
		return r
	}
	r.Status = 400
	e, _ := h.doc.root["error"].(Object)
	if n := number64(e["status"]); n != 0 {
		r.Status = int(n)
	}
	body := maps.Clone(e)
	maps.DeleteFunc(body, func(name string, v any) bool { return name == "status" || v == "" })
	if len(body) > 0 {
		r.Body = body
	}
	return r
}

func (h *Host) cookie(name string, value any) Cookie {
	i := slices.IndexFunc(h.manifest.Cookies, func(c pluginapi.Cookie) bool { return c.Covers(name) })
	c := Cookie{MaxAge: h.manifest.Cookies[i].MaxAge}
	switch v := value.(type) {
	case string:
		c.Value = v
	case Object:
		if h.sealed(name) {
			c.Value = h.seal(v)
			break
		}
		c.Value = text(v["value"])
		if v["maxAge"] != nil {
			c.MaxAge = int(number64(v["maxAge"]))
		}
	default:
		c.Expired, c.MaxAge = true, 0
	}
	return c
}

func (h *Host) sealed(name string) bool {
	return slices.ContainsFunc(h.manifest.Cookies, func(c pluginapi.Cookie) bool { return c.Sealed && c.Covers(name) })
}

// sealedPart is a member of a sealed cookie that is the host's.
const sealedPart = "sessionId"

// seal is the value of a sealed cookie for the session of now.
func (h *Host) seal(object Object) string {
	object = maps.Clone(object)
	object[sealedPart] = h.CurrentSession()["id"]
	return string(marshal(object))
}

// unseal is the object in a sealed cookie, nil if it is of no use beside the
// session of now.
func (h *Host) unseal(value string) Object {
	var object Object
	session := h.CurrentSession()
	if err := json.Unmarshal([]byte(value), &object); err != nil || session == nil || object[sealedPart] != session["id"] {
		return nil
	}
	return object
}

// Event describes an event for Fire.
type Event struct {
	Name     string
	Handler  string  // its name, where the manifest has several hooks on the event; "": the first
	Phase    string  // of response.session
	Reason   string  // of session events
	Cause    string  // event.plugin: whose host call raised it
	Forget   bool    // of session.creating: rememberMe was false
	Request  Request // what the client asked for
	Answer   Answer  // of hooks on answers: what there is so far
	Record   Object  // of record events
	Previous Object
	Claims   Object // of token.claims
	Delivery *Delivery
}

// Delivery is what durable deliveries have in event.*. Zero members get
// values: an id, the time of the clock, the first attempt, version 1.
type Delivery struct {
	ID, Target, UserID string
	Version, Attempt   int
}

// Answer is what an endpoint and earlier hooks have made of an answer.
type Answer struct {
	Redirect     string
	SessionToken string   // the session that its cookie hands to the client
	Cookies      []string // its Set-Cookie values
}

// Fire runs a hook that the manifest has for an event, and returns the answer
// as far as it is made. Record and Claims are changed in place.
// Whether the hook's match fits the request is not looked at.
func (h *Host) Fire(e Event) Response {
	h.t.Helper()
	i := slices.IndexFunc(h.manifest.Handlers, func(x pluginapi.Handler) bool { return x.Event == e.Name && (e.Handler == "" || e.Handler == x.Name) })
	if i < 0 {
		h.t.Fatalf("plugintest: the manifest has no hook on %q with the name %q", e.Name, e.Handler)
	}
	target, err := url.Parse(e.Request.Path)
	if err != nil {
		h.t.Fatal(err)
	}
	h.begin(e.Name, e.Phase)
	h.fillRequest(e.Request, target.Path, target, Object{})
	h.fillEvent(e)
	for name, value := range map[string]Object{"record": e.Record, "previous": e.Previous, "claims": e.Claims} {
		if value != nil {
			h.doc.root[name] = value
		}
	}
	return h.run(h.manifest.Handlers[i].Number)
}

// fillEvent puts into the document what an event is about.
func (h *Host) fillEvent(e Event) {
	event, response := h.doc.root["event"].(Object), h.doc.root["response"].(Object)
	for name, value := range map[string]string{"reason": e.Reason, "plugin": e.Cause} {
		if value != "" {
			event[name] = value
		}
	}
	if e.Name == pluginapi.EventSessionCreating {
		event["rememberMe"] = !e.Forget
	}
	if d := e.Delivery; d != nil {
		event["id"] = cmp.Or(d.ID, h.id("event", 32))
		event["time"] = h.iso(h.now)
		event["version"], event["attempt"] = cmp.Or(d.Version, 1), cmp.Or(d.Attempt, 1)
		for name, value := range map[string]string{"target": d.Target, "userId": d.UserID} {
			if value != "" {
				event[name] = value
			}
		}
	}
	if e.Answer.Redirect != "" {
		response["redirect"] = e.Answer.Redirect
	}
	if e.Answer.SessionToken != "" {
		response["sessionToken"] = e.Answer.SessionToken
	}
	h.setCookies = e.Answer.Cookies
}

// Read returns the value at a path of the last call's document, to look at
// what a hook changed.
func (h *Host) Read(path string) any {
	v, _ := h.doc.read(path)
	return v
}
