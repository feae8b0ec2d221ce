package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repository is a commit that can be released as v1.2.3.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	const module = "github.com/authhost/authhost/"
	files := map[string]string{
		"CHANGELOG.md": "# Changelog\n\n## 1.2.3 - 2026-11-30\n\n### Added\n\n## 1.2.2 - 2026-11-01\n",
		"go.mod":       "module " + module[:len(module)-1] + "\n\nrequire (\n\t" + module + "pluginapi v1.2.3\n\t" + module + "sdk v1.2.3\n)\n",
		"sdk/go.mod":   "module " + module + "sdk\n\nrequire " + module + "pluginapi v1.2.3\n",
	}
	for name, text := range files {
		write(t, root, name, text)
	}
	for _, command := range []string{
		"init --quiet", "add .", "-c user.name=Test -c user.email=test@example.com commit --quiet --message First",
		"tag v1.2.3", "tag sdk/v1.2.3", "tag pluginapi/v1.2.3",
	} {
		run := strings.Fields(command)
		if _, err := git(root, run...); err != nil {
			t.Fatalf("git %s: %v", command, err)
		}
	}
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCheck: a release needs its tags, its entry in CHANGELOG.md, modules that
// require each other, and a clean tree.
func TestCheck(t *testing.T) {
	root := repository(t)
	version, err := taggedVersion(root)
	if err != nil || version != "v1.2.3" {
		t.Fatalf("%q, %v", version, err)
	}
	if err := check(root, version); err != nil {
		t.Errorf("a commit that can be released: %v", err)
	}
	for _, tt := range []struct{ name, file, text, want string }{
		{"a changed file", "new.txt", "x", "files differ from the commit"},
		{"no entry", "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-30\n", "first heading of CHANGELOG.md"},
		{"no date", "CHANGELOG.md", "## 1.2.3\n", "first heading of CHANGELOG.md"},
		{"another SDK", "go.mod", "module x\n", "go.mod must require github.com/authhost/authhost/sdk v1.2.3"},
		{"another contract", "sdk/go.mod", "require github.com/authhost/authhost/pluginapi v1.2.30\n", "sdk/go.mod must require"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := repository(t)
			write(t, root, tt.file, tt.text)
			if err := check(root, "v1.2.3"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for _, tag := range []string{"sdk/v1.2.3", "pluginapi/v1.2.3"} {
		root := repository(t)
		if _, err := git(root, "tag", "--delete", tag); err != nil {
			t.Fatal(err)
		}
		if err := check(root, "v1.2.3"); err == nil || !strings.Contains(err.Error(), "no tag "+tag) {
			t.Errorf("without %s: %v", tag, err)
		}
	}
}

// TestTaggedVersion: the tag decides, and there is one.
func TestTaggedVersion(t *testing.T) {
	for _, tt := range []struct{ name, command string }{
		{"none", "tag --delete v1.2.3"},
		{"two", "tag v1.2.4"},
	} {
		root := repository(t)
		if _, err := git(root, strings.Fields(tt.command)...); err != nil {
			t.Fatal(err)
		}
		if version, err := taggedVersion(root); err == nil {
			t.Errorf("%s: %q", tt.name, version)
		}
	}
}

// TestPackReproducible: the same files give the same archive, whenever they
// were written.
func TestPackReproducible(t *testing.T) {
	root := repository(t)
	files := []string{filepath.Join(root, "go.mod"), filepath.Join(root, "CHANGELOG.md")}
	var first, second bytes.Buffer
	if err := pack(&first, "authhost", files); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(files[0], past, past); err != nil {
		t.Fatal(err)
	}
	if err := pack(&second, "authhost", files); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("two archives of the same files differ, %v", err)
	}
}
