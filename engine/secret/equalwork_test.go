package secret

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// counted is an algorithm that does nothing but note what it is given: the real
// ones cost the same for passwords of the same length.
type counted struct{ given []string }

func (c *counted) hash(password []byte) (string, error) {
	c.given = append(c.given, string(password))
	return "counted:" + string(password), nil
}

func (*counted) recognizes(stored string) bool { return strings.HasPrefix(stored, "counted:") }

func (c *counted) verify(stored string, password []byte) (ok, current bool, err error) {
	again, err := c.hash(password)
	return stored == again, true, err
}

// TestEqualWork: to compare a password with a hash that is not its own, in whatever
// form that is, and to do as if, is to hash it once with the algorithm of new hashes,
// as making its hash is. Nothing is hashed of what is beyond MaxPasswordBytes.
func TestEqualWork(t *testing.T) {
	h, c := mustHasher(t, HasherConfig{}), &counted{}
	h.preferred = c
	h.known = append([]algorithm{c}, h.known...)
	ways := map[string]func(password string) error{
		"as if": func(password string) error { return h.Equalize(t.Context(), password) },
	}
	for name, other := range map[string]struct {
		stored string
		err    error
	}{
		"of another password": {"counted:another", nil},
		"of little work":      {"md5$salt$0123456789abcdef0123456789abcdef", nil},
		"of too much work":    {"$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U", ErrUnknownHash},
		"of an unknown form":  {"rot13:cnffjbeq", ErrUnknownHash},
	} {
		ways[name] = func(password string) error {
			if ok, rehash, err := h.Verify(t.Context(), other.stored, password); ok || rehash || !errors.Is(err, other.err) {
				return fmt.Errorf("right: %v, rehash: %v, %w", ok, rehash, err)
			}
			return nil
		}
	}
	check := func(password string) {
		t.Helper()
		want := []string{norm.NFKC.String(password[:min(len(password), MaxPasswordBytes)])}
		for name, do := range ways {
			c.given = nil
			if err := do(password); err != nil || !slices.Equal(c.given, want) {
				t.Errorf("%s, %d bytes: %d hashes, %v", name, len(password), len(c.given), err)
			}
		}
		c.given = nil
		if _, err := h.Hash(t.Context(), password); err == nil && !slices.Equal(c.given, want) {
			t.Errorf("a new hash, %d bytes: %d hashes", len(password), len(c.given))
		}
	}
	for _, password := range []string{"", "short", strings.Repeat("x", 72), strings.Repeat("x", 73), strings.Repeat("é", 2000), strings.Repeat("x", MaxPasswordBytes)} {
		check(password)
		check(password + strings.Repeat("ﷺ", MaxPasswordBytes))
	}
}
