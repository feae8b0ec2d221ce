package engine_test

import (
	"context"
	"reflect"
	"sync"

	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/plugins"
)

// shared is what the engines of all tests have in common: to compile the built-in
// plugins and to make their images takes much longer than most tests.
var shared sharedRuntime

// sharedRuntime is a runtime that keeps the built-in plugins loaded.
type sharedRuntime struct {
	mu      sync.Mutex
	config  sandbox.Config
	rt      *sandbox.Runtime
	binary  map[string][]byte
	handles []*sandbox.Module // nobody calls them; they keep what is compiled
}

// runtime returns the runtime to engines that want the same as the first one, and
// nil to others.
func (s *sharedRuntime) runtime(_ context.Context, c sandbox.Config) (*sandbox.Runtime, error) {
	if c.Compiler != nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rt == nil {
		var err error
		if s.rt, err = sandbox.New(context.Background(), c); err != nil {
			return nil, err
		}
		s.config = c
	}
	if !reflect.DeepEqual(c, s.config) {
		return nil, nil
	}
	return s.rt, nil
}

// module is plugins.Module for engines with the runtime.
func (s *sharedRuntime) module(id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wasm, ok := s.binary[id]; ok {
		return wasm, nil
	}
	wasm, err := plugins.Module(id)
	if err != nil || s.rt == nil {
		return wasm, err
	}
	handle, err := s.rt.Load(context.Background(), wasm, sandbox.LoadOptions{Name: id})
	if err != nil {
		return nil, err
	}
	if s.binary == nil {
		s.binary = map[string][]byte{}
	}
	s.binary[id] = wasm
	s.handles = append(s.handles, handle)
	return wasm, nil
}
