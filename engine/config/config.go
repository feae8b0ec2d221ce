package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// Load reads and checks a configuration file. References to environment
// variables are resolved with the process's environment. The error joins one
// *Error per fault.
func Load(path string) (*Config, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	c, literal, err := parse(path, data, os.LookupEnv)
	if err == nil && literal != nil {
		c.Warnings = append(c.Warnings, exposed(path, literal)...)
	}
	return c, err
}

// exposed warns of a secret in a file that everybody on the machine may read.
func exposed(path string, secret *node) []*Error {
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm()&0o004 == 0 {
		return nil
	}
	return []*Error{{
		File: path, Line: secret.pos.Line, Column: secret.pos.Column,
		Message: fmt.Sprintf("there is a secret here, and every user of this machine may read the file (mode %04o)", st.Mode().Perm()),
		Remedy:  "chmod o-r it, or name the secret as ${NAME} or file:PATH",
	}}
}

// LoadServer reads the server section of a configuration file alone, for
// commands that look for a running server: they need none of the secrets that
// the rest of the file names.
func LoadServer(path string) (Server, error) {
	data, err := read(path)
	if err != nil {
		return Server{}, err
	}
	d := newDecoder(path, os.LookupEnv)
	root := d.root(data)
	if root == nil {
		return Server{}, d.err()
	}
	section := root.get("server")
	if section == nil {
		section = &node{kind: mapKind, pos: root.pos}
	}
	c := &Config{Origin: Origin{file: path, node: root}}
	d.mapping(section, reflect.ValueOf(&c.Server).Elem())
	(&checker{faults: d.faults, dir: d.dir, config: c}).server()
	return c.Server, d.err()
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

func unreadable(path string, err error) error {
	remedy := "make it readable for the user that runs authhost"
	if errors.Is(err, fs.ErrNotExist) {
		remedy = "create it, or name another configuration file"
	}
	return &Error{File: path, Message: withoutPath(err).Error(), Remedy: remedy}
}

// Parse checks a configuration text. name is the file that it came from:
// errors name it, and relative paths start at its folder. env looks up
// environment variables, as os.LookupEnv does; nil knows none. Secrets are
// read from the files that the text names; nothing else is read or written.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	c, _, err := parse(name, data, env)
	return c, err
}

// parse is Parse, and returns the first secret that is in the text itself.
func parse(name string, data []byte, env func(string) (string, bool)) (*Config, *node, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	d := newDecoder(name, env)
	root := d.root(data)
	if root == nil {
		return nil, nil, d.err()
	}
	c := &Config{}
	d.mapping(root, reflect.ValueOf(c).Elem())
	(&checker{faults: d.faults, dir: d.dir, config: c}).run()
	if err := d.err(); err != nil {
		return nil, nil, err
	}
	return c, d.literal, nil
}

func newDecoder(name string, env func(string) (string, bool)) *decoder {
	return &decoder{faults: &faults{file: name}, dir: filepath.Dir(name), env: env}
}

// root parses a text. It is nil when there is a fault.
func (d *decoder) root(data []byte) *node {
	if len(data) > maxFileBytes {
		d.add(place{}, fmt.Sprintf("larger than %d bytes", maxFileBytes), "split the configuration over several servers")
		return nil
	}
	return parseYAML(data, d.faults)
}
