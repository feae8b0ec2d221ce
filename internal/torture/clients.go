package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	requestTimeout = 30 * time.Second
	// verifiers is the number of sessions that are looked up at a time.
	verifiers = 16
	// maxAnswer bounds the bytes of an answer that are read.
	maxAnswer = 1 << 20
)

// signUp is an acknowledged sign-up, and what its user did then.
type signUp struct {
	email, cookie string
	then          deed
}

// burst keeps concurrency sign-ups under way, kills the server as planned, and
// returns those that were acknowledged.
func burst(ctx context.Context, s *server, round, concurrency int, p plan) []signUp {
	client := &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: concurrency},
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var done []signUp
	first := make(chan struct{})
	var workers sync.WaitGroup
	for worker := range concurrency {
		workers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				email := fmt.Sprintf("r%d-w%d-%d@example.com", round, worker, i)
				cookie, err := register(ctx, client, s, email)
				if err != nil {
					return // the server is gone
				}
				if cookie != "" {
					u := signUp{email: email, cookie: cookie}
					gone := act(ctx, client, s, &u, worker+i)
					mu.Lock()
					done = append(done, u)
					if len(done) == p.count {
						s.kill()
					}
					if len(done) == 1 {
						close(first)
					}
					mu.Unlock()
					if gone != nil {
						return
					}
				}
			}
		})
	}
	select {
	case <-first:
		if p.count == 0 {
			pause(ctx, p.after)
		} else {
			s.awaitExit(ctx)
		}
	case <-time.After(requestTimeout):
	case <-ctx.Done():
	}
	s.kill()
	cancel()
	workers.Wait()
	return done
}

// register signs a user up. It returns the session's cookie, or "" when the
// server said that it is too busy, which is no promise.
func register(ctx context.Context, client *http.Client, s *server, email string) (cookie string, err error) {
	body := fmt.Sprintf(`{"name":"T","email":%q,"password":"correct horse battery"}`, email)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/sign-up/email", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", s.origin)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	// Only an answer that arrived whole is an acknowledgement.
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)); err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", nil
	}
	for _, c := range res.Cookies() {
		if strings.HasSuffix(c.Name, "session_token") {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("a sign-up was answered without a session cookie")
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// missing looks for sign-ups on a running server and returns how many are not
// there.
func missing(ctx context.Context, s *server, list []signUp) (lost int) {
	work := make(chan signUp)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range verifiers {
		workers.Go(func() {
			for u := range work {
				if problem := find(ctx, s, u); problem != nil {
					mu.Lock()
					lost++
					fmt.Fprintf(os.Stderr, "lost %s: %v\n", u.email, problem)
					mu.Unlock()
				}
			}
		})
	}
	for _, u := range list {
		work <- u
	}
	close(work)
	workers.Wait()
	return lost
}

// find asks for a session, and for the user it belongs to.
func find(ctx context.Context, s *server, u signUp) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/get-session", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", u.cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	var answer found
	text = bytes.TrimSpace(text)
	if err := json.Unmarshal(text, &answer); err != nil || res.StatusCode != http.StatusOK || !u.keeps(answer, string(text)) {
		return fmt.Errorf("get-session answered %s %s", res.Status, text)
	}
	return nil
}
