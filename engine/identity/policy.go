package identity

import (
	"context"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// CheckPassword raises password.policy for a password that is to be a user's:
// plugins may refuse it. Whose it is going to be is not told, so that a sign-up
// with an address that is taken cannot be told from one with a free address.
func (s *Service) CheckPassword(ctx context.Context, hooks store.Hooks, password string) error {
	return hooks.Verdict(ctx, "password.policy", document.NewObject(1).Set("password", document.Text(password)), nil)
}
