package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretFileBytes bounds a file named by file:PATH.
const maxSecretFileBytes = 64 << 10

const filePrefix = "file:"

// problem is a fault without a place.
type problem struct{ message, remedy string }

func (p *problem) Error() string { return p.message + "; " + p.remedy }

// expand replaces ${NAME} and ${NAME:-default} by environment variables.
// "$${" stands for "${". A default is used, as in a shell, when the variable
// is not set or empty.
func expand(text string, env func(string) (string, bool)) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var b strings.Builder
	for {
		start := strings.Index(text, "${")
		if start < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		if start > 0 && text[start-1] == '$' {
			b.WriteString(text[:start-1] + "${")
			text = text[start+2:]
			continue
		}
		b.WriteString(text[:start])
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			return "", &problem{"${ without }", "close it, or write $${ for the characters themselves"}
		}
		value, err := variable(text[start+2:start+end], env)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = text[start+end+1:]
	}
}

func variable(expr string, env func(string) (string, bool)) (string, error) {
	name, fallback, hasFallback := strings.Cut(expr, ":-")
	if !variableName(name) {
		return "", &problem{fmt.Sprintf("%q is not the name of an environment variable", name), "write ${NAME} or ${NAME:-default}, or $${ for the characters themselves"}
	}
	value, ok := env(name)
	switch {
	case hasFallback && value == "":
		return fallback, nil
	case !ok:
		return "", &problem{fmt.Sprintf("environment variable %s is not set", name), "set it in the environment of the server"}
	}
	return value, nil
}

func variableName(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// readSecretFile returns the content of a file without its last line break.
// Only regular files are read: a pipe or device might never end.
func readSecretFile(dir, path string) (string, error) {
	if path == "" {
		return "", &problem{"file: without a path", "write file:PATH"}
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fileProblem(path, err)
	}
	if !info.Mode().IsRegular() {
		return "", &problem{fmt.Sprintf("%s is not a regular file", path), "name a file that holds the value"}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fileProblem(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFileBytes+1))
	if err != nil {
		return "", fileProblem(path, err)
	}
	if len(data) > maxSecretFileBytes {
		return "", &problem{fmt.Sprintf("%s is larger than %d bytes", path, maxSecretFileBytes), "name a file that holds the value and nothing else"}
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
}

func fileProblem(path string, err error) error {
	remedy := "make it readable for the user that runs the server"
	if errors.Is(err, os.ErrNotExist) {
		remedy = "create it or correct the path; relative paths start at the folder of the configuration file"
	}
	return &problem{fmt.Sprintf("cannot read %s: %v", path, withoutPath(err)), remedy}
}

// withoutPath is the error of a file without its path, which the caller says.
func withoutPath(err error) error {
	var failed *os.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
