package plugintest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
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

// Get returns the value at a path of the body, nil if there is none.
func (r Response) Get(path string) any {
	names, err := pluginapi.ParsePath(path)
	if err != nil {
		return nil
	}
	v, _ := follow(r.Body, names)
	return v
}

// Text returns the text at a path of the body, "" if there is none.
func (r Response) Text(path string) string { return text(r.Get(path)) }

// String returns the whole answer as one line.
func (r Response) String() string {
	return fmt.Sprintf("%d %s location=%q", r.Status, marshal(r.Body), r.Location)
}

// exchange is a request on its way through the plugin's handlers.
type exchange struct {
	request    Object
	page       *pluginapi.Answer // what the endpoint says of its answer
	response   Object            // status, body, headers, cookies, redirect, sessionToken
	setCookies []string          // Set-Cookie values of the answer that others set
	injected   string            // cookies that were added to the request's
	session    string            // token of the session that the request proves
	virtual    Object            // the session that is there for this request alone, in place of the other
	issued     string            // token of the session that the answer hands out
	kept       string            // token of the session that the client keeps of the user who acts as another
	keeps      string            // the same after the answer
	ended      bool              // the answer takes the session away
	reason     string            // why, of either
	phase      string
	pending    Object // the answer of a hook that put a step before the session
	forget     bool   // rememberMe was false, while a session is created
	happened   []Event
	refused    Object // status, code and message of the error that the client gets
}

// GET requests a path.
func (h *Host) GET(path string) Response { return h.Do(Request{Path: path}) }

// POST sends a JSON body to a path.
func (h *Host) POST(path, body string) Response {
	return h.Do(Request{Method: "POST", Path: path, Body: body})
}

// Do takes a request through the plugin's handlers: hooks on request.before,
// the endpoint that the manifest has for it, hooks on its answer, and those on
// what was done to records. Each is a unit of work. Without an endpoint the
// answer is 404, without a session that the manifest demands it is 401, and an
// endpoint for servers is 404 without a service key.
func (h *Host) Do(r Request) Response {
	h.t.Helper()
	if r.Method == "" {
		r.Method = "GET"
	}
	path, _, _ := strings.Cut(r.Path, "?")
	endpoint, params := h.endpoint(r.Method, path)
	if endpoint == nil || endpoint.Access == pluginapi.AccessServer && r.ServiceKey == "" {
		return Response{Status: 404}
	}
	h.begin(r, endpoint.Path, params)
	result, refused := h.serve(endpoint)
	return h.finish(result, refused)
}

// serve runs the handlers of a request. The result is that of the handler that
// answered.
func (h *Host) serve(endpoint *pluginapi.Handler) (sdk.Result, *refusal) {
	result, refused := h.requestHooks(pluginapi.EventRequestBefore, "")
	if refused != nil || result == sdk.ResultRespond {
		return result, refused
	}
	if refused := try(func() { h.demand(endpoint.Session) }); refused != nil {
		return sdk.ResultContinue, refused
	}
	h.readQuery(endpoint)
	h.last = h.newCall(Event{})
	result, refused = h.runUnit(endpoint, h.last)
	h.exchange.page = endpoint.Answer
	h.takePending()
	if refused != nil {
		return result, refused
	}
	phase := h.exchange.phase
	if h.exchange.ended {
		phase = pluginapi.PhaseEnded
	} else if h.exchange.issued != "" {
		phase = pluginapi.PhaseIssued
	}
	for _, event := range []string{pluginapi.EventResponseSession, pluginapi.EventRequestAfter} {
		if event == pluginapi.EventResponseSession && (phase == "" || h.serverCall()) {
			continue
		}
		if failed, refused := h.requestHooks(event, phase); refused != nil {
			h.exchange.response = newResponse() // the client gets nothing of an answer that did not pass
			return failed, refused
		}
	}
	return result, nil
}

// readQuery makes of the parameters of the request what the schema of an endpoint
// describes: numbers, booleans and lists.
func (h *Host) readQuery(endpoint *pluginapi.Handler) {
	if endpoint.Query == nil {
		return
	}
	schema, err := pluginapi.ParseSchema(endpoint.Query)
	if err != nil {
		h.t.Fatal(err) // New has validated the manifest
	}
	query := object(h.exchange.request["query"])
	for _, p := range schema.Members() {
		if v, given := query[p.Name]; given {
			query[p.Name] = parameter(h.t, p.Schema, v)
		}
	}
}

// parameter is a parameter of a query as a schema describes it.
func parameter(t testing.TB, s *pluginapi.Schema, v any) any {
	list, isList := v.([]any)
	switch {
	case s.Type == "array" && !isList:
		return parameter(t, s, []any{v})
	case s.Type == "array" && s.Items != nil:
		for i, item := range list {
			list[i] = parameter(t, s.Items, item)
		}
	case s.IsLiteral(text(v)):
		return decode(t, text(v))
	}
	return v
}

// demand refuses a request without the session that it needs.
func (h *Host) demand(session string) {
	view := h.sessionView()
	switch {
	case session != pluginapi.SessionRequired && session != pluginapi.SessionFresh:
	case view == nil:
		reject(401, "UNAUTHORIZED", "Unauthorized")
	case session == pluginapi.SessionFresh && view["fresh"] != true:
		reject(403, "SESSION_NOT_FRESH", "Session is not fresh")
	}
}

// takePending makes the step that was put before a session the answer. Nobody is
// signed in by halves.
func (h *Host) takePending() bool {
	ex := h.exchange
	if ex.pending == nil {
		return false
	}
	ex.response, ex.pending, ex.page, ex.issued, ex.ended = ex.pending, nil, nil, "", true
	return true
}

// finish reads the answer and, as the client does, keeps the session of it.
func (h *Host) finish(result sdk.Result, refused *refusal) Response {
	ex := h.exchange
	if refused != nil {
		ex.issued, ex.ended, ex.phase, ex.keeps = "", false, "", ex.kept
		refused = h.reworded(refused)
	}
	r := h.answer()
	r.Result = result
	if refused != nil {
		r.Status, r.Body, r.Location = cmp.Or(refused.status, 500), nil, ""
		if body := refused.body(); refused.status != 0 && body != nil {
			r.Body = body
		}
	}
	switch {
	case ex.issued != "":
		h.current, h.keeps = ex.issued, ex.keeps
	case ex.ended:
		h.current, h.keeps = "", ""
	}
	h.observe()
	return r
}

// reworded lets hooks on request.refused say an error in other words.
func (h *Host) reworded(r *refusal) *refusal {
	if r.status == 0 || r.status >= 500 {
		return r
	}
	view := Object{"status": number(int64(r.status)), "code": r.code, "message": r.message}
	h.exchange.refused = view
	_, _ = h.requestHooks(pluginapi.EventRequestRefused, "") // what goes wrong there is for the log
	if r.body() == nil {
		return r
	}
	return &refusal{status: r.status, code: text(view["code"]), message: text(view["message"])}
}

// body is a refusal as JSON, nil if it says nothing.
func (r *refusal) body() Object {
	if r.code == "" && r.message == "" {
		return nil
	}
	body := Object{"message": r.message}
	if r.code != "" {
		body["code"] = r.code
	}
	return body
}

// answer reads the answer as it stands.
func (h *Host) answer() Response {
	response := h.exchange.response
	r := Response{Status: statusOf(response), Body: response["body"], Headers: map[string]string{}, Cookies: map[string]Cookie{}}
	for name, value := range object(response["headers"]) {
		r.Headers[name] = text(value)
	}
	if r.Location = text(response["redirect"]); r.Location != "" {
		r.Body = nil
	} else {
		r.Location = r.Headers["location"]
	}
	h.asPage(&r)
	if h.serverCall() {
		return r // there is no client to send cookies to
	}
	for name, value := range object(response["cookies"]) {
		r.Cookies[name] = h.cookie(name, value)
	}
	return r
}

// asPage makes an answer what its endpoint says that it is.
func (h *Host) asPage(r *Response) {
	body, isText := r.Body.(string)
	if h.exchange.page == nil || !isText {
		return
	}
	page, err := h.exchange.page.Bytes(body)
	if err != nil {
		h.t.Log(err)
		r.Status, r.Body = 500, nil
		return
	}
	r.Body = string(page)
	for _, header := range h.exchange.page.Headers("") {
		r.Headers[strings.ToLower(header.Name)] = header.Value
	}
}

// statusOf is the status that an answer has.
func statusOf(response Object) int {
	n := int(number64(response["status"]))
	if text(response["redirect"]) != "" {
		return cmp.Or(n, 302)
	}
	return cmp.Or(n, 200)
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
	if v, _ := follow(h.config, strings.Split(e.PathFrom, ".")); text(v) != "" {
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

func newResponse() Object { return Object{"headers": Object{}, "cookies": Object{}} }

// begin makes the exchange of a request.
func (h *Host) begin(r Request, route string, params Object) {
	target, err := url.Parse(r.Path)
	if err != nil {
		h.t.Fatal(err)
	}
	query, headers, cookies := Object{}, Object{}, Object{}
	for name, values := range target.Query() {
		query[name] = values[0]
		if len(values) > 1 {
			query[name] = clone[any](values)
		}
	}
	for name, value := range r.Headers {
		headers[strings.ToLower(name)] = value
	}
	request := Object{
		"method": r.Method, "path": target.Path, "route": route, "url": r.Path, "params": params,
		"query": query, "headers": headers, "cookies": cookies, "ip": "203.0.113.7", "userAgent": "plugintest", "serverCall": r.ServiceKey != "",
	}
	if r.ServiceKey != "" {
		request["serviceKey"] = r.ServiceKey
	}
	if origin := h.originOf(headers); origin != nil {
		request["origin"] = origin
	}
	if r.Body != "" {
		request["body"], request["rawBody"] = decode(h.t, r.Body), r.Body
	}
	h.exchange = &exchange{request: request, response: newResponse(), session: h.current, kept: h.keeps, keeps: h.keeps}
	for name, value := range r.Cookies {
		if !h.sealed(name) {
			cookies[name] = value
		} else if data := h.unseal(value); data != nil {
			cookies[name] = data
		}
	}
}

// originOf returns the request's origin, which the header of the manifest's
// originHeader may name; nil if there is none.
func (h *Host) originOf(headers Object) any {
	named := h.manifest.OriginHeader
	if headers["origin"] != nil || named == nil {
		return headers["origin"]
	}
	if off, _ := follow(h.config, strings.Split(named.Unless, ".")); off == true {
		return nil
	}
	return headers[named.Name]
}

// serverCall reports whether the request is one.
func (h *Host) serverCall() bool { return h.exchange.request["serverCall"] == true }

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
