package plugins

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed */manifest.json
var manifests embed.FS

//go:embed dist
var dist embed.FS

// IDs returns the ids of the first-party plugins, sorted, whether or not they
// have been built.
func IDs() []string {
	folders, err := manifests.ReadDir(".")
	if err != nil {
		return nil // the root of an embedded tree is always there
	}
	ids := make([]string, len(folders))
	for i, folder := range folders {
		ids[i] = folder.Name()
	}
	slices.Sort(ids)
	return ids
}

// UnknownError is the id of a plugin that is not built in.
type UnknownError struct {
	ID    string
	Known []string // the ids of those that are
}

// Error names them.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no built-in plugin %q; built in are %s", e.ID, strings.Join(e.Known, ", "))
}

// Names returns the ids of the built-in plugins.
func (e *UnknownError) Names() []string { return e.Known }

// Module returns a first-party plugin's module with its manifest. The bytes
// must not be changed. The error says whether there is no such plugin, or
// what to run if it was not built before the server was.
func Module(id string) ([]byte, error) {
	if !slices.Contains(IDs(), id) {
		return nil, &UnknownError{ID: id, Known: IDs()}
	}
	wasm, err := dist.ReadFile(path.Join("dist", id+".wasm"))
	if err != nil {
		return nil, fmt.Errorf("the plugin %q is not part of this build; run \"make plugins\" and build again", id)
	}
	return wasm, nil
}
