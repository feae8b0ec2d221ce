package pluginapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	segmentPattern = regexp.MustCompile(`^(:[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9._-]+)$`)
	parsedMedia    = regexp.MustCompile(`^application/(json|x-www-form-urlencoded|[a-z0-9.-]+\+json)$`)
	headerPattern  = regexp.MustCompile(`^[a-z0-9-]+$`)
)

func (m *Manifest) validateHandlers(r *report) {
	if len(m.Handlers) == 0 {
		r.add("handlers", "a plugin needs at least one")
	}
	m.validateNumbers(r)
	routes := map[string]int{} // by dialect and route
	for i := range m.Handlers {
		h := &m.Handlers[i]
		at := fmt.Sprintf("handlers[%d]", i)
		for _, dialect := range h.Dialects {
			r.oneOf(at+".dialects", dialect, Dialects()...)
		}
		m.validateAnswer(r, at+".answer", h)
		switch h.Kind {
		case KindEndpoint:
			h.validateEndpoint(r, at)
			h.claim(r, at, i, routes)
		case KindHook:
			m.validateHook(r, at, h)
		case KindService:
			m.validateService(r, at, i)
		case KindSchedule:
			m.validateSchedule(r, at, i)
		default:
			r.oneOf(at+".kind", h.Kind, KindEndpoint, KindHook, KindService, KindSchedule)
		}
	}
}

// claim notes the route of handlers[i] in each of its dialects.
func (h *Handler) claim(r *report, at string, i int, routes map[string]int) {
	for _, dialect := range Dialects() {
		if !h.In(dialect) {
			continue
		}
		key := dialect + " " + h.route()
		if other, taken := routes[key]; taken {
			r.add(at+".path", "%s %s is also served by handlers[%d]", h.Method, h.Path, other)
			return
		}
		routes[key] = i
	}
}

// route makes endpoints comparable: the names of parameters do not matter.
func (h *Handler) route() string {
	segments := strings.Split(h.Path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, ":") {
			segments[i] = ":"
		}
	}
	return fmt.Sprint(h.Root, " ", h.Method, " ", strings.Join(segments, "/"))
}

// CheckRoute reports what is wrong with the path of an endpoint.
func CheckRoute(path string) error {
	if path == "" || path[0] != '/' {
		return fmt.Errorf("%q does not start with /", path)
	}
	params := map[string]bool{}
	for _, segment := range strings.Split(path[1:], "/") {
		if !segmentPattern.MatchString(segment) || segment == "." || segment == ".." {
			return fmt.Errorf("%q has the segment %q; a segment is letters, digits, '.', '_', '-', or ':' and a name", path, segment)
		}
		if segment[0] == ':' && params[segment] {
			return fmt.Errorf("%q has the parameter %q twice", path, segment)
		}
		params[segment] = true
	}
	return nil
}

func (h *Handler) validateEndpoint(r *report, at string) {
	r.oneOf(at+".method", h.Method, Methods()...)
	if err := CheckRoute(h.Path); err != nil {
		r.add(at+".path", "%s", err)
	}
	if h.PathFrom != "" {
		r.want(at+".pathFrom", h.PathFrom, pathFrom)
	}
	r.oneOf(at+".session", h.Session, "", SessionOptional, SessionRequired, SessionFresh)
	r.oneOf(at+".access", h.Access, "", AccessServer)
	r.oneOf(at+".csrf", h.CSRF, "", "form", "none")
	if h.Access == AccessServer && (h.Root || h.CSRF != "") {
		r.add(at+".access", "an endpoint for servers is below the base path and needs no csrf")
	}
	if l := h.RateLimit; l != nil && (l.Window < 1 || l.Max < 1) {
		r.add(at+".rateLimit", "window and max are at least 1")
	}
	for _, mediaType := range h.MediaTypes {
		if !parsedMedia.MatchString(mediaType) {
			r.add(at+".mediaTypes", "%q is not parsed; use application/json, a type that ends in +json, or application/x-www-form-urlencoded", mediaType)
		}
	}
	if h.Method == "GET" && (h.Body != nil || h.MediaTypes != nil || h.CSRF != "") {
		r.add(at, "a GET endpoint has no body, mediaTypes or csrf")
	}
	h.refuseHookMembers(r, at)
	h.refuseServiceMembers(r, at)
	h.refuseScheduleMembers(r, at)
	checkSchema(r, at+".body", h.Body)
	checkSchema(r, at+".query", h.Query)
	h.validateBody(r, at)
	checkObject(r, at+".response", h.Response)
	checkObject(r, at+".openapi", h.OpenAPI)
	h.validateFields(r, at+".openapi")
}

// validateBody checks what is said of the body beside its schema.
func (h *Handler) validateBody(r *report, at string) {
	if h.Body == nil && (h.BodyOptional || h.RequiredUnless != nil) {
		r.add(at, "bodyOptional and requiredUnless are for endpoints whose body has a schema")
		return
	}
	schema, err := ParseSchema(h.Body)
	if h.Body == nil || err != nil {
		return
	}
	for name, settings := range h.RequiredUnless {
		if schema.Properties.Get(name) == nil {
			r.add(at+".requiredUnless", "%q is not in the properties of the body", name)
		}
		if len(settings) == 0 {
			r.add(at+".requiredUnless."+name, "names no setting")
		}
		for _, setting := range settings {
			r.want(at+".requiredUnless."+name, setting, pathFrom)
		}
	}
}

func (m *Manifest) validateHook(r *report, at string, h *Handler) {
	r.oneOf(at+".failure", h.Failure, "", FailDeny, FailSkip)
	event, known := m.hookedEvent(r, at, h.Event)
	if h.Failure == FailSkip && known && !slices.Contains(event.Failures, FailSkip) {
		r.add(at+".failure", "a hook on %q gives a verdict and must fail closed; only observers may skip", h.Event)
	}
	h.refuseEndpointMembers(r, at)
	h.refuseServiceMembers(r, at)
	h.refuseScheduleMembers(r, at)
	for _, id := range slices.Concat(h.Before, h.After) {
		r.want(at, id, idPattern)
		if id == m.ID {
			r.add(at, "before and after name other plugins, not %q itself", id)
		}
	}
	if h.Match != nil {
		h.Match.validate(r, at+".match", h.Event)
	}
	h.validateDelivery(r, at, event, known)
}

// refuseEndpointMembers reports what only endpoints have.
func (h *Handler) refuseEndpointMembers(r *report, at string) {
	if h.Method != "" || h.Path != "" || h.PathFrom != "" || h.Root || h.RateLimit != nil || h.Body != nil || h.BodyOptional || h.RequiredUnless != nil || h.Query != nil || h.MediaTypes != nil ||
		h.Session != "" || h.Access != "" || h.CSRF != "" || h.Response != nil || h.OpenAPI != nil || h.Errors != nil {
		r.add(at, "method, path, root, body, query, mediaTypes, session, access, csrf, errors, response and openapi are for endpoints")
	}
}

// refuseHookMembers reports what only hooks have.
func (h *Handler) refuseHookMembers(r *report, at string) {
	if h.Event != "" || h.Match != nil || h.Before != nil || h.After != nil || h.Failure != "" || h.Delivery != "" || h.DeliverTo != "" {
		r.add(at, "event, match, before, after, failure, delivery and deliverTo are for hooks")
	}
}

func (h *Handler) validateDelivery(r *report, at string, event *Event, known bool) {
	r.oneOf(at+".delivery", h.Delivery, "", DeliverDurable)
	switch {
	case h.Delivery != "" && known && !event.Durable:
		r.add(at+".delivery", "%q cannot be delivered later; only events about committed records can", h.Event)
	case h.Delivery != "" && h.Failure != "":
		r.add(at+".failure", "a durable delivery that fails is tried again; it has no failure policy")
	case h.Delivery == "" && h.DeliverTo != "":
		r.add(at+".deliverTo", "only durable deliveries have targets")
	}
	if h.DeliverTo != "" {
		r.want(at+".deliverTo", h.DeliverTo, pathFrom)
	}
}

func (x *Match) validate(r *report, at, event string) {
	for _, path := range x.Paths {
		if rest := strings.TrimSuffix(path, "/*"); !strings.HasPrefix(path, "/") || strings.Contains(rest, "*") {
			r.add(at+".paths", "%q is neither a path nor a prefix that ends in /*", path)
		}
	}
	if x.PathsFrom != "" {
		r.want(at+".pathsFrom", x.PathsFrom, pathFrom)
	}
	for _, method := range x.Methods {
		r.oneOf(at+".methods", method, Methods()...)
	}
	phases := phasesOf(event)
	for _, phase := range x.Phases {
		if phases == nil {
			r.add(at+".phases", "only %s has phases", EventResponseSession)
			break
		}
		r.oneOf(at+".phases", phase, phases...)
	}
	for _, header := range x.Headers {
		if !headerPattern.MatchString(header) {
			r.add(at+".headers", "%q is not a header name in lower case", header)
		}
	}
}

// checkObject reports JSON that is there but is no object.
func checkObject(r *report, at string, raw json.RawMessage) {
	if raw == nil {
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		r.add(at, "must be a JSON object")
	}
}

// phasesOf lists the values of event.phase that an event has.
func phasesOf(event string) []string {
	e, ok := FindEvent(event)
	if !ok {
		return nil
	}
	var names []string
	for _, phase := range e.Phases {
		names = append(names, phase.Name)
	}
	return names
}
