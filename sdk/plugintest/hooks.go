package plugintest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// Event describes an event for Fire.
type Event struct {
	Name     string
	Handler  string  // its name, where the manifest has several hooks on the event; "": the first
	Phase    string  // of response.session
	Reason   string  // of session events
	UserID   string  // event.userId of the response.session of a sign-out
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
// as far as it is made. Record and Claims are changed in place. Whether the
// hook's match fits the request is not looked at.
func (h *Host) Fire(e Event) Response {
	h.t.Helper()
	i := slices.IndexFunc(h.manifest.Handlers, func(x pluginapi.Handler) bool { return x.Event == e.Name && (e.Handler == "" || e.Handler == x.Name) })
	if i < 0 {
		h.t.Fatalf("plugintest: the manifest has no hook on %q with the name %q", e.Name, e.Handler)
	}
	path, _, _ := strings.Cut(e.Request.Path, "?")
	h.begin(e.Request, path, Object{})
	ex := h.exchange
	ex.setCookies = e.Answer.Cookies
	for name, value := range map[string]string{"redirect": e.Answer.Redirect, "sessionToken": e.Answer.SessionToken} {
		if value != "" {
			ex.response[name] = value
		}
	}
	h.last = h.newCall(e)
	result, refused := h.runUnit(&h.manifest.Handlers[i], h.last)
	h.takePending()
	return h.finish(result, refused)
}

// maxDepth bounds how deeply handlers may nest.
const maxDepth = 8

// run runs a handler. If that refuses or fails, it says what the client gets. The
// test's log says why it failed.
func (h *Host) run(x *pluginapi.Handler, c *call) (sdk.Result, *refusal) {
	h.t.Helper()
	if h.depth == maxDepth {
		return sdk.ResultFailed, &refusal{sdk: sdk.Limit, message: "handlers are nested too deeply"}
	}
	outer := h.call
	h.call, h.depth, h.running = c, h.depth+1, append(h.running, x)
	result := sdk.Invoke(h, x.Number)
	h.call, h.depth, h.running = outer, h.depth-1, h.running[:len(h.running)-1]
	switch result {
	case sdk.ResultContinue, sdk.ResultRespond:
		return result, h.mayAnswer(c.event, result)
	case sdk.ResultDeny:
		e := object(c.root["error"])
		status := cmp.Or(int(number64(e["status"])), 400)
		return result, &refusal{sdk: sdk.Denied, code: text(e["code"]), message: text(e["message"]), status: status}
	}
	if c.refused != nil {
		if !c.told {
			h.t.Logf("plugintest: handler %s failed; its last host call, %s, was refused: %v", cmp.Or(x.Name, strconv.Itoa(int(x.Number))), c.refusedIn, c.refused)
		}
		return result, c.refused
	}
	return result, &refusal{sdk: sdk.Internal, message: "the handler failed"}
}

// runUnit runs a handler as a unit of work: if it ends with an error, nothing of
// it is left, in records or in the answer.
func (h *Host) runUnit(x *pluginapi.Handler, c *call) (result sdk.Result, refused *refusal) {
	before := *h.exchange
	before.request, before.response = clone(before.request), clone(before.response)
	h.kept, h.stored = nil, clone(h.state.Records)
	refused = h.attempt(func() (r *refusal) {
		result, r = h.run(x, c)
		return r
	})
	if refused != nil {
		*h.exchange = before
	}
	return result, refused
}

// hooks lists the hooks on an event that match the request.
func (h *Host) hooks(event, phase string) []*pluginapi.Handler {
	var out []*pluginapi.Handler
	for i := range h.manifest.Handlers {
		if x := &h.manifest.Handlers[i]; x.Event == event && h.matches(x.Match, phase) {
			out = append(out, x)
		}
	}
	return out
}

func (h *Host) matches(m *pluginapi.Match, phase string) bool {
	if m == nil {
		return true
	}
	request := h.exchange.request
	has := func(header string) bool { return object(request["headers"])[strings.ToLower(header)] != nil }
	fits := func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return pattern == request["path"] || open && strings.HasPrefix(text(request["path"]), prefix)
	}
	return (len(m.Methods) == 0 || slices.Contains(m.Methods, text(request["method"]))) &&
		(len(m.Phases) == 0 || slices.Contains(m.Phases, phase)) &&
		(len(m.Headers) == 0 || slices.ContainsFunc(m.Headers, has)) &&
		(len(m.Paths) == 0 || slices.ContainsFunc(m.Paths, fits))
}

// requestHooks runs hooks on a request or its answer, each as a unit of work.
// The result is Respond if one of request.before has answered.
func (h *Host) requestHooks(event, phase string) (sdk.Result, *refusal) {
	for _, x := range h.hooks(event, phase) {
		result, refused := h.runUnit(x, h.newCall(Event{Name: event, Phase: phase, Reason: h.exchange.reason}))
		if refused != nil && (result == sdk.ResultDeny || x.Failure != pluginapi.FailSkip) {
			return result, refused
		}
		if pending := h.takePending(); (pending || result == sdk.ResultRespond) && event == pluginapi.EventRequestBefore {
			return sdk.ResultRespond, nil
		}
	}
	return sdk.ResultContinue, nil
}

// subject is what an event is about.
type subject struct {
	record, previous, claims Object
	reserved                 any // claims that hooks leave alone
}

// verdict raises an event about a record that is going to be written. Hooks may
// change it in place, or refuse.
func (h *Host) verdict(event string, record, previous Object) {
	h.raise(event, "", subject{record: record, previous: previous})
}

// raise runs the hooks on an event inside the open unit of work, each on an
// answer of its own. Headers and cookies of one that continues are added to the
// answer so far; of one that does not end well nothing is kept. One on
// session.creating that responds puts a step before the session.
func (h *Host) raise(event, phase string, s subject) {
	ex := h.exchange
	for _, x := range h.hooks(event, phase) {
		before, claims := *ex, clone(s.claims)
		ex.response = newResponse()
		c := h.newCall(Event{Name: event, Phase: phase, Cause: h.manifest.ID, Reason: ex.reason, Forget: ex.forget, Record: s.record, Previous: s.previous, Claims: s.claims})
		result := sdk.ResultContinue
		refused := h.attempt(func() (r *refusal) {
			result, r = h.run(x, c)
			return r
		})
		own := ex.response
		if refused != nil {
			*ex = before
			panic(refused)
		}
		ex.response = before.response
		if result == sdk.ResultRespond && event == pluginapi.EventSessionCreating {
			ex.pending = own
			return
		}
		reserved, _ := s.reserved.([]any)
		for _, name := range reserved {
			if string(marshal(claims[text(name)])) != string(marshal(s.claims[text(name)])) {
				refuse(sdk.Internal, "internal error")
			}
		}
		h.addAnswer(own)
	}
}

// addAnswer adds headers and cookies to the answer so far.
func (h *Host) addAnswer(own Object) {
	for _, part := range []string{"headers", "cookies"} {
		maps.Copy(object(h.exchange.response[part]), object(own[part]))
	}
}

// done notes an event about a record that was written.
func (h *Host) done(event string, record, previous Object) {
	e := Event{Name: event, Record: withoutSecretFields(clone(record))}
	if previous != nil {
		e.Previous = withoutSecretFields(clone(previous))
	}
	h.exchange.happened = append(h.exchange.happened, e)
}

// observe runs the hooks on what was done, and on what they do themselves.
// Durable deliveries are for Fire.
func (h *Host) observe() {
	for depth := 0; len(h.exchange.happened) > 0 && depth < maxDepth; depth++ {
		happened := h.exchange.happened
		h.exchange.happened = nil
		for _, e := range happened {
			for _, x := range h.hooks(e.Name, "") {
				if x.Durable() {
					continue
				}
				if _, refused := h.runUnit(x, h.newCall(e)); refused != nil {
					h.t.Logf("plugintest: a hook on %s: %v", e.Name, refused)
				}
			}
		}
	}
}
