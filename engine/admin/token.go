package admin

import (
	"fmt"

	"github.com/authhost/authhost/engine/private"
)

// TokenFile is the file of the data folder with the token that the listener asks
// for.
const TokenFile = "admin-token"

// ReadToken returns the token in a file that a server has made, or that was put
// there for it. Nobody but the file's owner may have access to it.
func ReadToken(path string) (string, error) {
	token, err := private.Read(path)
	if err != nil {
		return "", fmt.Errorf("admin token %w", err)
	}
	return token, nil
}
