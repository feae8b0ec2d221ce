package engine

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/authhost/authhost/engine/private"
)

// AdminTokenFile is the file of the data folder with the token that the admin
// listener asks for.
const AdminTokenFile = "admin-token"

// ReadAdminToken returns the token in a file that a server has made, or that was
// put there for it. Nobody but the file's owner may have access to it.
func ReadAdminToken(path string) (string, error) {
	token, err := private.Read(path)
	if err != nil {
		return "", fmt.Errorf("admin token %w", err)
	}
	return token, nil
}

// openAdminToken reads the token of the admin listener, or makes it with the
// first start.
func (e *Engine) openAdminToken(context.Context) (err error) {
	e.adminToken, err = private.Secret(filepath.Join(e.config.Server.DataDir, AdminTokenFile))
	if err != nil {
		return e.config.Origin.Fault("/server/dataDir", "admin token "+err.Error(), "")
	}
	return nil
}

// AdminToken is what the admin listener asks for.
func (e *Engine) AdminToken() string { return e.adminToken }
