package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/dispatch"
)

// These headers name the session that a request with a service key acts in, by
// the ids of the session and of its user. Without a service key nobody looks at
// them.
const (
	SessionHeader = "Authhost-Session"
	UserHeader    = "Authhost-User"
)

// maxID bounds what SessionHeader and UserHeader may hold.
const maxID = 64

// ServiceKey is what servers of the application prove themselves with.
type ServiceKey struct {
	ID string
	// Hash is the SHA-256 of the key.
	Hash [sha256.Size]byte
	// Covers reports whether the key may call a route.
	Covers func(route string) bool
	// Expires is when the key ends; zero: never.
	Expires time.Time
	// Allow counts a call of the key; nil: no limit. ok is false when the call
	// is to be refused, and retryAfter says for how long.
	Allow func(ctx context.Context) (ok bool, retryAfter time.Duration, err error)
}

// ServiceKeys are a tenant's. The zero value has none.
type ServiceKeys struct {
	Keys []ServiceKey
	// Prefix begins every service key; a bearer token that has it is nothing
	// else.
	Prefix string
	// Record notes a use before it has any effect; an error refuses it.
	Record func(ctx context.Context, ex *dispatch.Exchange, use ServiceUse) error
}

// ServiceUse is one request with a service key.
type ServiceUse struct {
	KeyID   string // "" if there is no such key
	Session string // id of the session that the request names, if any
	User    string // id of the user whose it is said to be
	Refused string // why the key does not count; "" if it does
}

// serviceToken returns what a request offers as a service key.
func (s *ServiceKeys) serviceToken(h http.Header) (token string, ok bool) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, s.Prefix != "" && strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(token, s.Prefix)
}

// find returns the key that a token is, nil if it is none. Every key is
// compared, and each takes the same time.
func (s *ServiceKeys) find(token string) *ServiceKey {
	hash := sha256.Sum256([]byte(token))
	found := -1
	for i := range s.Keys {
		if subtle.ConstantTimeCompare(s.Keys[i].Hash[:], hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return nil
	}
	return &s.Keys[found]
}

// service is a request that offers a service key, on its way.
type service struct {
	key     *ServiceKey // nil: there is no such key, or it has expired
	session string
	user    string
	browser bool // a script of a page sent it
	refused string
}

// serviceOf reads the service key of a request; nil if there is none. What
// only browsers send is taken off the request, and so is the key: no plugin
// gets to see it.
func (a *API) serviceOf(r *http.Request, now time.Time) (*service, *http.Request) {
	token, ok := a.Services.serviceToken(r.Header)
	if !ok {
		return nil, r
	}
	s := &service{key: a.Services.find(token), browser: has(r.Header, "Origin"), session: r.Header.Get(SessionHeader), user: r.Header.Get(UserHeader)}
	if s.key == nil {
		s.refused = "unknown"
	} else if e := s.key.Expires; !e.IsZero() && !now.Before(e) {
		s.key, s.refused = nil, "expired"
	}
	clean := *r
	clean.Header = make(http.Header, len(r.Header))
	for name, values := range r.Header {
		switch {
		case name == "Authorization", name == "Cookie", name == "Origin", name == "Referer", strings.HasPrefix(name, "Sec-Fetch-"):
		default:
			clean.Header[name] = values
		}
	}
	return s, &clean
}

// client is whom the calls are counted for: guesses of a key for the address
// that they come from, calls for the key and the session that it acts in, so
// that one user's do not use up another's.
func (s *service) client(ip string) string {
	if s == nil || s.key == nil {
		return ip
	}
	return "service key " + s.key.ID + " " + s.session[:min(len(s.session), maxID)]
}

// admitService decides whether a service key counts, and makes the exchange a
// server call.
func (a *API) admitService(ctx context.Context, ex *dispatch.Exchange, e *endpoint, s *service) error {
	use := ServiceUse{Refused: s.refused, Session: s.session, User: s.user}
	answer := apierror.New(http.StatusUnauthorized, "INVALID_SERVICE_KEY", "The service key is not valid")
	switch {
	case s.key == nil:
	case s.browser:
		use.Refused = "browser"
		answer = apierror.New(http.StatusForbidden, "SERVICE_KEY_IN_BROWSER", "Service keys are for servers; a browser must not have one")
	case !s.key.Covers(e.Path):
		use.Refused = "scope"
		answer = apierror.New(http.StatusForbidden, "INSUFFICIENT_SCOPE", "The service key may not call this endpoint")
	case len(s.session) > maxID, len(s.user) > maxID, (s.session == "") != (s.user == ""):
		use.Refused, use.Session, use.User = "session", "", ""
		answer = apierror.New(http.StatusBadRequest, "INVALID_SESSION_ID", SessionHeader+" and "+UserHeader+" are the ids of a session and of its user; both or none")
	}
	if s.key != nil {
		use.KeyID = s.key.ID
	} else if e.Server {
		answer = &apierror.Error{Status: http.StatusNotFound, Empty: true}
	}
	if use.Refused == "" {
		ex.Session.Serve(s.key.ID, s.session, s.user)
	}
	if a.Services.Record != nil {
		if err := a.Services.Record(ctx, ex, use); err != nil {
			return notRecorded(err)
		}
	}
	if use.Refused != "" {
		return answer
	}
	ex.Response.Header()["Cache-Control"] = noStore
	return nil
}
