package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/authhost/authhost/engine/secret"
)

// AdminTokenFile is the file of the data folder with the token that the admin
// listener asks for.
const AdminTokenFile = "admin-token"

// Lengths of the token in characters.
const (
	adminTokenLength    = 43 // of one that is made here: 256 bits
	minAdminTokenLength = 32 // of one that was put there
)

// ReadAdminToken returns the token in a file that a server has made, or that was
// put there for it. Nobody but the file's owner may have access to it.
func ReadAdminToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("admin token %s: %w", path, cause(err))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("admin token %s: others may read it (mode %04o); remove it and start the server again, which makes another", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("admin token %s: %w", path, cause(err))
	}
	token := strings.TrimSpace(string(text))
	if len(token) < minAdminTokenLength {
		return "", fmt.Errorf("admin token %s: shorter than %d characters; remove it and start the server again, which makes another", path, minAdminTokenLength)
	}
	return token, nil
}

// openAdminToken reads the token of the admin listener, or makes it with the
// first start.
func (e *Engine) openAdminToken(context.Context) error {
	path := filepath.Join(e.config.Server.DataDir, AdminTokenFile)
	token, err := ReadAdminToken(path)
	if errors.Is(err, fs.ErrNotExist) {
		token = secret.RandomString(adminTokenLength, secret.Alnum)
		err = writePrivate(path, token+"\n")
	}
	if err != nil {
		return e.config.Origin.Fault("/server/dataDir", err.Error(), "")
	}
	e.adminToken = token
	return nil
}

// AdminToken is what the admin listener asks for.
func (e *Engine) AdminToken() string { return e.adminToken }

// writePrivate writes a file that only this user may read, whole or not at all.
func writePrivate(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
