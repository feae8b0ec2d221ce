package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds on requests and answers.
const (
	DefaultTimeout     = 5 * time.Second // of one request, redirects included
	MaxTimeout         = 30 * time.Second
	MaxRequestBody     = 1 << 20 // bytes
	MaxResponseBody    = 1 << 20 // bytes, after decompression
	MaxURL             = 8 << 10 // bytes
	MaxHeaders         = 64      // of a request
	MaxHeaderValue     = 16 << 10
	MaxRedirects       = 5
	DefaultConcurrency = 32 // requests of one client at the same time
)

// Reasons why a request did not get an answer, for errors.Is.
var (
	// ErrRefused: the policy does not allow the request.
	ErrRefused = errors.New("egress: refused")
	// ErrInvalid: the request is not one that can be made.
	ErrInvalid = errors.New("egress: invalid request")
	// ErrTimeout: the time was over.
	ErrTimeout = errors.New("egress: timeout")
	// ErrTooLarge: the answer is larger than MaxResponseBody.
	ErrTooLarge = errors.New("egress: answer too large")
	// ErrBusy: the client has too many requests under way, and none ended in time.
	ErrBusy = errors.New("egress: too many requests at the same time")
	// ErrNotFound: the name has no records of the kind that was looked up.
	ErrNotFound = errors.New("egress: no records")
	// ErrUnavailable: there was no connection, or no answer over it.
	ErrUnavailable = errors.New("egress: no answer")
)

// Request is one request.
type Request struct {
	Method  string // GET, POST, PUT, PATCH, DELETE or HEAD
	URL     string // absolute, without user information or fragment
	Headers http.Header
	Body    []byte
	Timeout time.Duration // default DefaultTimeout, at most MaxTimeout
	// Follow follows redirects of GET and HEAD requests, at most MaxRedirects;
	// other requests are never sent twice. A redirect to another origin leaves
	// all Headers behind but Accept and User-Agent.
	Follow bool
	// MayCall is asked before each request, redirects included, and may refuse
	// the URL. nil allows all.
	MayCall func(*url.URL) error
}

// Response is an answer, whatever its status.
type Response struct {
	Status  int
	Headers http.Header
	Body    []byte
}

// Client makes the requests of one tenant, a bounded number at a time. It is
// safe for concurrent use.
type Client struct {
	transport *Transport
	slots     chan struct{}
}

// Client returns a client with a bound of its own on concurrent requests.
func (t *Transport) Client(concurrency int) *Client {
	return &Client{transport: t, slots: make(chan struct{}, concurrency)}
}

// Do makes a request. The error is one of the Err values of this package; its
// text is for the operator and may name internal addresses.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	target, err := r.check()
	if err != nil {
		return nil, err
	}
	ctx, done, err := c.begin(ctx, r.Timeout)
	if err != nil {
		return nil, err
	}
	defer done()
	return c.follow(ctx, r, target)
}

// begin waits until the client may have one more request under way. done ends
// it.
func (c *Client) begin(ctx context.Context, timeout time.Duration) (limited context.Context, done func(), err error) {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, min(timeout, MaxTimeout))
	select {
	case c.slots <- struct{}{}:
		return ctx, func() { <-c.slots; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, ErrBusy
	}
}

func (c *Client) follow(ctx context.Context, r Request, target *url.URL) (*Response, error) {
	headers := r.Headers.Clone()
	for hop := 0; ; hop++ {
		if r.MayCall != nil {
			if err := r.MayCall(target); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrRefused, err)
			}
		}
		answer, err := c.once(ctx, r, target, headers)
		if err != nil {
			return nil, err
		}
		next, err := redirect(answer, target)
		if !r.Follow || r.Method != http.MethodGet && r.Method != http.MethodHead || err != nil || next == nil {
			return answer, err
		}
		if hop == MaxRedirects {
			return nil, fmt.Errorf("%w: more than %d redirects", ErrUnavailable, MaxRedirects)
		}
		if target.Scheme == "https" && next.Scheme != "https" {
			return nil, fmt.Errorf("%w: a redirect from https to http", ErrRefused)
		}
		if next.Scheme != target.Scheme || next.Host != target.Host {
			kept := http.Header{}
			for _, name := range []string{"Accept", "User-Agent"} {
				if v := headers.Values(name); len(v) > 0 {
					kept[name] = v
				}
			}
			headers = kept
		}
		target = next
	}
}

func (c *Client) once(ctx context.Context, r Request, target *url.URL, headers http.Header) (*Response, error) {
	var body io.Reader
	if len(r.Body) > 0 {
		body = strings.NewReader(string(r.Body))
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if headers != nil {
		request.Header = headers.Clone()
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", c.transport.userAgent)
	}
	response, err := c.transport.roundTrip(request)
	if err != nil {
		return nil, classify(ctx, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, MaxResponseBody+1))
	if err != nil {
		return nil, classify(ctx, err)
	}
	if len(text) > MaxResponseBody {
		return nil, ErrTooLarge
	}
	return &Response{Status: response.StatusCode, Headers: response.Header, Body: text}, nil
}

func classify(ctx context.Context, err error) error {
	var refused *AddressError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// redirect returns where an answer sends the client, nil if nowhere.
func redirect(answer *Response, from *url.URL) (*url.URL, error) {
	switch answer.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := answer.Headers.Get("Location")
	if location == "" {
		return nil, nil
	}
	relative, err := url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: the redirect's Location is not a URL", ErrUnavailable)
	}
	next := from.ResolveReference(relative)
	next.Fragment = ""
	return next, checkURL(next)
}

var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true,
}

// refusedHeaders are the connection's business, not the request's.
var refusedHeaders = []string{
	"Connection", "Content-Length", "Host", "Http2-Settings", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Expect", "Accept-Encoding",
}

// check looks at a request before anything of it is sent.
func (r *Request) check() (*url.URL, error) {
	invalid := func(what string) error { return fmt.Errorf("%w: %s", ErrInvalid, what) }
	if !methods[r.Method] {
		return nil, invalid("the method must be GET, HEAD, POST, PUT, PATCH or DELETE")
	}
	if len(r.URL) > MaxURL {
		return nil, invalid("the URL is too long")
	}
	target, err := url.Parse(r.URL)
	if err != nil {
		return nil, invalid("the URL cannot be parsed")
	}
	if err := checkURL(target); err != nil {
		return nil, err
	}
	if len(r.Body) > MaxRequestBody {
		return nil, invalid("the body is too large")
	}
	if len(r.Headers) > MaxHeaders {
		return nil, invalid("there are too many headers")
	}
	for _, name := range refusedHeaders {
		if _, given := r.Headers[name]; given {
			return nil, invalid("the header " + name + " is the host's")
		}
	}
	for name, values := range r.Headers {
		for _, v := range values {
			if len(v) > MaxHeaderValue || strings.ContainsAny(v, "\r\n\x00") {
				return nil, invalid("the header " + name + " is too long or has control characters")
			}
		}
	}
	return target, nil
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%w: the URL must begin with https://", ErrInvalid)
	case u.Hostname() == "" || u.User != nil || u.Opaque != "" || u.Fragment != "":
		return fmt.Errorf("%w: the URL must have a host, and no user information or fragment", ErrInvalid)
	}
	return nil
}
