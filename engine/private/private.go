package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/authhost/authhost/engine/secret"
)

// Lengths of a secret in characters.
const (
	secretLength = 43 // of one that is made here: 256 bits
	minSecret    = 32 // of one that was put there
)

// Folder says who else may write to a folder, and what to do about it; "" if
// nobody may, or if there is no such folder.
func Folder(path string) (fault, remedy string) {
	st, err := os.Stat(path)
	if err != nil {
		return "", "" // who uses it says why
	}
	if who := sharedWith(st); who != "" {
		return fmt.Sprintf("folder %s %s (mode %04o)", path, who, st.Mode().Perm()), "make it this user's alone, with mode 0700"
	}
	return "", ""
}

// Read returns the secret in a file that Secret has made, or that was put
// there for it. Nobody but the file's owner may have access to it.
func Read(path string) (string, error) {
	const remedy = "remove it and start the server again, which makes another"
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, cause(err))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s: others may read it (mode %04o); %s", path, mode, remedy)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, cause(err))
	}
	s := strings.TrimSpace(string(text))
	if len(s) < minSecret {
		return "", fmt.Errorf("%s: shorter than %d characters; %s", path, minSecret, remedy)
	}
	return s, nil
}

// Secret reads the secret in a file, or makes it if there is no such file.
func Secret(path string) (string, error) {
	s, err := Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s = secret.RandomString(secretLength, secret.Alnum)
	return s, write(path, s+"\n")
}

// write writes a file that only this user may read, whole or not at all.
func write(path, text string) error {
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

// cause is an error without the operation and the path, which the caller names.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
