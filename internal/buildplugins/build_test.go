package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// miniature writes Go modules of the repository's shape, with its SDK and one
// plugin, into a new folder.
func miniature(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	origin, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"sdk", "pluginapi"} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join(origin, folder))); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(t, filepath.Join(origin, "go.mod"), filepath.Join(root, "go.mod"))
	copyFile(t, filepath.Join(origin, "go.sum"), filepath.Join(root, "go.sum"))
	write(t, filepath.Join(root, "plugins", "hello", "main.go"), helloSource)
	write(t, filepath.Join(root, "plugins", "hello", "manifest.json"), helloManifest)
	return root
}

const helloSource = `package main

import "github.com/authhost/authhost/sdk"

func init() { sdk.Register(1, hello) }

func hello(c *sdk.Call) error {
	return c.Reply(sdk.F("greeting", sdk.String("hello, "+c.Request().Query("name").String())))
}

func main() {}
`

const helloManifest = `{
  "id": "hello", "version": "1.0.0", "abi": "1.0",
  "handlers": [{"number": 1, "kind": "endpoint", "method": "GET", "path": "/hello"}]
}`

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func build(t *testing.T, root string) string {
	t.Helper()
	var log bytes.Buffer
	if err := buildAll(t.Context(), config{root: root, log: &log}); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

func module(t *testing.T, root string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "plugins", "dist", "hello.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// maxMinimal is the size in bytes that a plugin with one small handler must
// stay below.
const maxMinimal = 2_200_000

// TestReproducible builds the same plugin in two folders, one of them with a
// workspace: the bytes must be equal, small, and built only once each.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles WebAssembly modules for several seconds")
	}
	first, second := miniature(t), miniature(t)
	write(t, filepath.Join(second, workspaceFile), "go 1.26.0\n\nuse (\n\t.\n\t./pluginapi\n\t./sdk\n)\n")
	build(t, first)
	build(t, second)
	a, b := module(t, first), module(t, second)
	if !bytes.Equal(a, b) {
		t.Errorf("two folders gave different modules of %d and %d bytes", len(a), len(b))
	}
	if len(a) >= maxMinimal {
		t.Errorf("a minimal plugin has %d bytes, want less than %d", len(a), maxMinimal)
	}
	if log := build(t, first); !strings.Contains(log, "up to date") {
		t.Errorf("an unchanged plugin was built again: %s", log)
	}

	t.Run("a damaged module is built again", func(t *testing.T) {
		write(t, filepath.Join(first, "plugins", "dist", "hello.wasm"), "damaged")
		build(t, first)
		if !bytes.Equal(module(t, first), a) {
			t.Error("the module is still damaged")
		}
	})
	t.Run("a changed manifest is packed", func(t *testing.T) {
		write(t, filepath.Join(first, "plugins", "hello", "manifest.json"), strings.Replace(helloManifest, "1.0.0", "1.0.1", 1))
		build(t, first)
		if bytes.Equal(module(t, first), a) {
			t.Error("the module still has the old manifest")
		}
	})
	for name, text := range map[string]string{
		"sdk/deeper/new.go": "package deeper\n",
		"sdk/go.mod":        "module github.com/authhost/authhost/sdk\n\ngo 1.26.0\n",
		"pluginapi/new.go":  "package pluginapi\n",
	} {
		t.Run("a change of "+name+" builds it again", func(t *testing.T) {
			write(t, filepath.Join(first, name), text)
			if log := build(t, first); strings.Contains(log, "up to date") {
				t.Errorf("it was not: %s", log)
			}
		})
	}
	t.Run("a module without sources goes", func(t *testing.T) {
		stale := filepath.Join(first, "plugins", "dist", "gone.wasm")
		write(t, stale, "old")
		build(t, first)
		if _, err := os.Stat(stale); err == nil {
			t.Error("the module is still there")
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct{ name, manifest, want string }{
		{"another plugin's manifest", strings.Replace(helloManifest, `"hello"`, `"other"`, 1), `id is "other", but the folder is "hello"`},
		{"unknown member", strings.Replace(helloManifest, `"abi"`, `"abbi"`, 1), "abbi"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := miniature(t)
			write(t, filepath.Join(root, "plugins", "hello", "manifest.json"), tt.manifest)
			err := buildAll(t.Context(), config{root: root, log: &bytes.Buffer{}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
