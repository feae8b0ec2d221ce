package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// What a client does after a sign-up, in turns.
const (
	leave = iota
	rename
	signOut
	deeds
)

// deed is something that a client asked for, and whether the server said that it
// is done. Without its word either may be so.
type deed struct {
	what         int
	acknowledged bool
}

// newName is the name after rename.
const newName = "Renamed"

// act does what a turn is for in the session of a sign-up. An error means that
// the server is gone.
func act(ctx context.Context, client *http.Client, s *server, u *signUp, turn int) error {
	u.then.what = turn % deeds
	path, body := "", "{}"
	switch u.then.what {
	case rename:
		path, body = "/update-user", fmt.Sprintf(`{"name":%q}`, newName)
	case signOut:
		path = "/sign-out"
	default:
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", s.origin)
	req.Header.Set("Cookie", u.cookie)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)); err != nil {
		return err
	}
	u.then.acknowledged = res.StatusCode == http.StatusOK
	return nil
}

// found is what /get-session says of a sign-up.
type found struct {
	User struct{ Email, Name string }
}

// keeps reports whether an answer is what the server has promised.
func (u signUp) keeps(answer found, text string) bool {
	there := answer.User.Email == u.email
	switch {
	case u.then.what == signOut && u.then.acknowledged:
		return text == "null"
	case u.then.what == signOut:
		return there || text == "null"
	case u.then.what == rename && u.then.acknowledged:
		return there && answer.User.Name == newName
	}
	return there
}
