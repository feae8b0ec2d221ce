package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// stampFolder is where stamps are kept, below the modules. Its dot keeps it
// from being embedded with them.
const stampFolder = ".stamps"

// sharedFolders are the folders whose changes rebuild every plugin: what
// plugins import, what packs them, and this command.
var sharedFolders = []string{"sdk", "pluginapi", "internal/buildplugins"}

// workspaceFile marks the root of the repository. A go.mod does not: there are
// several.
const workspaceFile = "go.work"

// repositoryRoot returns the folder of the nearest go.work upwards.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, workspaceFile)); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("there is no " + workspaceFile + " here or above; run this in the repository")
		}
		folder = parent
	}
}

// commonInputs hashes what all plugins depend on.
func commonInputs(ctx context.Context, root string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "version")
	cmd.Dir = root // a toolchain line in go.mod decides
	version, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go version: %w", err)
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s%q%q", version, buildFlags, buildEnv)
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := hashFile(hash, filepath.Join(root, name), name); err != nil {
			return nil, err
		}
	}
	for _, folder := range sharedFolders {
		if err := hashSources(hash, filepath.Join(root, folder)); err != nil {
			return nil, err
		}
	}
	return hash.Sum(nil), nil
}

// pluginInputs hashes a plugin's folder on top of the common inputs.
func pluginInputs(common []byte, folder string) (string, error) {
	hash := sha256.New()
	hash.Write(common)
	if err := hashSources(hash, folder); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// hashSources hashes the sources of a folder and those below it. A folder that
// is not there has none.
func hashSources(hash io.Writer, folder string) error {
	return filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		switch {
		case path == folder && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "testdata":
			return filepath.SkipDir
		case e.IsDir() || !isSource(e.Name()):
			return nil
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return hashFile(hash, path, filepath.ToSlash(name))
	})
}

// isSource reports whether a file's name is that of a Go file, tests left out,
// of a manifest, or of what a Go module requires.
func isSource(name string) bool {
	switch name {
	case "manifest.json", "go.mod", "go.sum":
		return true
	}
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func hashFile(hash io.Writer, path, name string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(hash, "%s %d\n", name, len(data))
	_, err = hash.Write(data)
	return err
}

// A stamp is the hash of the inputs and that of the module they gave.

func stampPath(out, id string) string { return filepath.Join(out, stampFolder, id) }

func stampOf(inputs string, module []byte) []byte {
	sum := sha256.Sum256(module)
	return []byte(inputs + " " + hex.EncodeToString(sum[:]) + "\n")
}

func writeStamp(out, id, inputs string, module []byte) error {
	return writeFile(stampPath(out, id), stampOf(inputs, module))
}

// upToDate reports whether a module is what the inputs give, and its size. A
// module that was changed or damaged is not.
func upToDate(out, id, inputs string) (size int, fresh bool) {
	stamp, err := os.ReadFile(stampPath(out, id))
	if err != nil {
		return 0, false
	}
	module, err := os.ReadFile(filepath.Join(out, id+".wasm"))
	if err != nil {
		return 0, false
	}
	return len(module), slices.Equal(bytes.TrimSpace(stamp), bytes.TrimSpace(stampOf(inputs, module)))
}
