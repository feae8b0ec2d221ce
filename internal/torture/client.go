package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	requestTimeout = 30 * time.Second
	// maxAnswer bounds the bytes of an answer that are read.
	maxAnswer = 1 << 20
)

var (
	// errGone says that no whole answer arrived: what was asked for may be done
	// or not.
	errGone = errors.New("no answer arrived")
	// errRefused says that the server cannot do it now, which promises nothing
	// either.
	errRefused = errors.New("the server cannot do it now")
)

// wrongError says that an answer is not what it has to be.
type wrongError struct{ text string }

func (e *wrongError) Error() string { return e.text }

func wrong(format string, args ...any) error { return &wrongError{fmt.Sprintf(format, args...)} }

// client sends requests to the server.
type client struct {
	http *http.Client
	s    *server
}

func newClient(s *server, connections int) *client {
	return &client{s: s, http: &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: connections},
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// answer is what the server said.
type answer struct {
	status  int
	text    string
	cookies []*http.Cookie
}

// cookie returns the cookie whose name ends so, as a request has it.
func (a answer) cookie(suffix string) string {
	for _, c := range a.cookies {
		if strings.HasSuffix(c.Name, suffix) && c.Value != "" && c.MaxAge >= 0 {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// decode reads the body.
func (a answer) decode(into any) error {
	if err := json.Unmarshal([]byte(a.text), into); err != nil {
		return wrong("the answer %q: %v", a.text, err)
	}
	return nil
}

// ask sends a request and returns its answer, whatever its status, unless the
// server cannot answer now. A body makes it a POST.
func (c *client) ask(ctx context.Context, path, cookie string, body any) (answer, error) {
	method, sent := http.MethodGet, io.Reader(http.NoBody)
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		method, sent = http.MethodPost, strings.NewReader(string(text))
	}
	req, err := http.NewRequestWithContext(ctx, method, c.s.base+path, sent)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Origin", c.s.origin)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errGone, err)
	}
	defer res.Body.Close()
	// Only an answer that arrived whole is an acknowledgement.
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errGone, err)
	}
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return answer{}, fmt.Errorf("%w: %s %s: %s", errRefused, path, res.Status, text)
	}
	return answer{res.StatusCode, strings.TrimSpace(string(text)), res.Cookies()}, nil
}

// succeed is ask for a request that has to succeed.
func (c *client) succeed(ctx context.Context, path, cookie string, body any) (answer, error) {
	a, err := c.ask(ctx, path, cookie, body)
	if err == nil && a.status != http.StatusOK {
		err = wrong("%s answered %d %s", path, a.status, a.text)
	}
	return a, err
}

// fail is ask for a request that must not succeed.
func (c *client) fail(ctx context.Context, path, cookie string, body any) error {
	a, err := c.ask(ctx, path, cookie, body)
	if err == nil && a.status == http.StatusOK {
		err = wrong("%s answered %d %s", path, a.status, a.text)
	}
	return err
}
