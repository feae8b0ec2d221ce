package engine

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync"

	"github.com/authhost/authhost/engine/secret"
)

// tellingHasher takes a password whose stored hash nobody can compare with for
// a wrong one: the user is refused as any other, and the operator told once.
type tellingHasher struct {
	*secret.Hasher
	logger *slog.Logger // with the tenant
	told   sync.Once
}

// hashPrefix is what names the format of a hash, if anything does.
var hashPrefix = regexp.MustCompile(`^(\$[A-Za-z0-9_-]{1,20}\$|\{[A-Za-z0-9_-]{1,20}\}|[A-Za-z0-9_-]{1,20}[$:])`)

// Verify is that of the Hasher, but for hashes in unknown formats.
func (h *tellingHasher) Verify(ctx context.Context, stored, password string) (ok, rehash bool, err error) {
	ok, rehash, err = h.Hasher.Verify(ctx, stored, password)
	if !errors.Is(err, secret.ErrUnknownHash) {
		return ok, rehash, err
	}
	h.told.Do(func() {
		h.logger.Error("a user has a password hash of unknown format, or one that takes too much work, and cannot sign in with the password; further ones are not told",
			"format", hashPrefix.FindString(stored), "remedy", "have them reset the password, or import a hash of a known format")
	})
	return false, false, nil
}
