package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// Load reads and checks a configuration file. References to environment
// variables are resolved with the process's environment. The error joins one
// *Error per fault.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return Parse(path, data, os.LookupEnv)
}

func unreadable(path string, err error) error {
	var p *problem
	errors.As(fileProblem(path, err), &p)
	return &Error{File: path, Message: p.message, Remedy: p.remedy}
}

// Parse checks a configuration text. name is the file that it came from:
// errors name it, and relative paths start at its folder. env looks up
// environment variables, as os.LookupEnv does; nil knows none. Secrets are
// read from the files that the text names; nothing else is read or written.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	d := &decoder{faults: &faults{file: name}, dir: filepath.Dir(name), env: env}
	if len(data) > maxFileBytes {
		d.add(place{}, fmt.Sprintf("larger than %d bytes", maxFileBytes), "split the configuration over several servers")
		return nil, d.err()
	}
	root := parseYAML(data, d.faults)
	if root == nil {
		return nil, d.err()
	}
	c := &Config{}
	d.mapping(root, reflect.ValueOf(c).Elem())
	(&checker{faults: d.faults, dir: d.dir, config: c}).run()
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}
