package httpapi

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
)

// write sends the answer that an exchange has put together.
func write(w http.ResponseWriter, r *dispatch.Response) int {
	h := w.Header()
	writeHeaders(h, r)
	status := r.StatusOrDefault()
	if r.Redirect != "" {
		h.Set("Location", r.Redirect)
	}
	if _, set := h["Content-Type"]; !set {
		h["Content-Type"] = jsonContentType
	}
	if r.Body.IsAbsent() || r.Redirect != "" {
		h["Content-Length"] = zeroLength
		w.WriteHeader(status)
		return status
	}
	body := bodyOf(h, r)
	h["Content-Length"] = []string{strconv.Itoa(len(body))} // so that a flush ends the answer
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is nobody's error
	return status
}

// bodyOf returns the body of an answer, and sets the headers that say what it
// is.
func bodyOf(h http.Header, r *dispatch.Response) []byte {
	if r.Body.Kind() != document.String {
		return r.Body.AppendJSON(make([]byte, 0, 1024))
	}
	if page, err := pageOf(r); err == nil && page != nil {
		for _, header := range r.Page.Headers(r.FormTarget) {
			h[header.Name] = []string{header.Value}
		}
		return page
	}
	if h.Get("Content-Type") != mediaJSON {
		return []byte(r.Body.Str())
	}
	return r.Body.AppendJSON(nil)
}

// pageOf returns the body of an answer that is a page, nil for others.
func pageOf(r *dispatch.Response) ([]byte, error) {
	if r.Page == nil || r.Body.Kind() != document.String || r.Redirect != "" {
		return nil, nil
	}
	return r.Page.Bytes(r.Body.Str())
}

// finishPage finds a page that cannot be sent, which is its plugin's fault, and
// says where the forms of the others lead: to the site of the callbackURL with
// which the page was asked for, which has been checked.
func finishPage(ex *dispatch.Exchange) error {
	page, err := pageOf(&ex.Response)
	if err != nil {
		return apierror.Internal(err)
	}
	if page != nil {
		to, _ := siteOf(ex.Request.Query.Get("callbackURL").Str())
		ex.Response.FormTarget = to.origin
	}
	return nil
}

var (
	jsonContentType = []string{mediaJSON}
	zeroLength      = []string{"0"}
)

// writeHeaders copies the headers and cookies of an answer. Lists that parts of
// the server add to, each for itself, add to what is there already.
func writeHeaders(h http.Header, r *dispatch.Response) {
	for name, values := range r.Headers {
		if name == "Vary" || name == "Access-Control-Expose-Headers" {
			values = append(h[name], values...)
		}
		h[name] = values
	}
	for _, c := range r.Cookies {
		h["Set-Cookie"] = append(h["Set-Cookie"], c.Line)
	}
}

// writeError sends an error in the protocol's form. Cookies that were set on
// the way, such as those that expire a dead session, go along.
func writeError(w http.ResponseWriter, r *dispatch.Response, err error) *apierror.Error {
	e := apierror.From(err)
	h := w.Header()
	writeHeaders(h, r)
	h["Content-Type"] = jsonContentType
	if after := e.RetryAfter; after > 0 {
		h.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	} else if e.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	if e.Empty {
		h["Content-Length"] = zeroLength
		w.WriteHeader(e.Status)
		return e
	}
	w.WriteHeader(e.Status)
	o := document.NewObject(2).Set("message", document.Text(e.Message))
	if e.Code != "" {
		o.Set("code", document.Text(e.Code))
	}
	_, _ = w.Write(document.Obj(o).JSON())
	return e
}

// notFound is the answer for everything that is not a route: an empty 404.
func notFound(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Length"] = zeroLength
	w.WriteHeader(http.StatusNotFound)
}

// isFault reports whether an error is the server's own, to be logged with its
// cause, and not a client's. Bodies that were refused for want of memory are
// counted instead: a flood of them must not fill the log.
func isFault(err error) bool {
	var e *apierror.Error
	var full *budget.Exhausted
	return !errors.As(err, &e) || e.Status >= http.StatusInternalServerError && !errors.As(err, &full)
}
