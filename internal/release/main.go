// Command release builds the archives of a tagged version:
//
//	make release   # go run ./internal/release
//
// The version is that of the tag vX.Y.Z at the checked-out commit. The command
// first checks everything that a release needs and lists what is missing. It
// then builds the plugins and, for each platform, the server, into
// build/release: authhost-VERSION-OS-ARCH.tar.gz and SHA256SUMS. It uploads and
// pushes nothing.
//
// CONTRIBUTING.md has the steps that come before and after.
//
// Decisions and their reasons: docs/rationale/code.md.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// outputDir is where the archives go, below the root of the repository.
const outputDir = "build/release"

func main() {
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "OS/ARCH of each archive")
	flag.Parse()
	if err := run(strings.Split(*platforms, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(platforms []string) error {
	root, err := git(".", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	version, err := taggedVersion(root)
	if err != nil {
		return err
	}
	if err := check(root, version); err != nil {
		return err
	}
	if err := tool(root, nil, "go", "run", "./internal/buildplugins"); err != nil {
		return err
	}
	out := filepath.Join(root, filepath.FromSlash(outputDir))
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, platform := range platforms {
		name, archive, err := build(root, version, platform)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), archive, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(archive), name)
	}
	fmt.Print(sums.String())
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// build returns the archive of a platform, OS/ARCH, and its file name.
func build(root, version, platform string) (name string, archive []byte, err error) {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return "", nil, errors.New("write a platform as OS/ARCH, such as linux/amd64")
	}
	dir, err := os.MkdirTemp("", "authhost-release-")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "authhost")
	environment := []string{"CGO_ENABLED=0", "GOOS=" + goos, "GOARCH=" + goarch}
	// The stamp of version control is the version that the program prints.
	if err := tool(root, environment, "go", "build", "-trimpath", "-buildvcs=true", "-o", binary, "./cmd/authhost"); err != nil {
		return "", nil, err
	}
	if platform == runtime.GOOS+"/"+runtime.GOARCH {
		if err := checkBinary(binary, version); err != nil {
			return "", nil, err
		}
	}
	name = "authhost-" + version + "-" + goos + "-" + goarch
	var packed bytes.Buffer
	err = pack(&packed, name, []string{binary, filepath.Join(root, "LICENSE"), filepath.Join(root, "README.md"), filepath.Join(root, "CHANGELOG.md")})
	return name + ".tar.gz", packed.Bytes(), err
}

// checkBinary fails unless the program says that it is of the version.
func checkBinary(binary, version string) error {
	said, err := exec.Command(binary, "version").Output()
	if err != nil {
		return fmt.Errorf("authhost version: %w", err)
	}
	if first, _, _ := strings.Cut(string(said), "\n"); first != "authhost "+version {
		return fmt.Errorf("the program says %q, the tag %s", first, version)
	}
	return nil
}

// git returns what a git command prints, without the line break at its end.
func git(dir string, args ...string) (string, error) {
	c := exec.Command("git", args...)
	c.Dir = dir
	out, err := c.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %s", args[0], bytes.TrimSpace(failed.Stderr))
	}
	return strings.TrimRight(string(out), "\n"), err
}

// tool runs a program in the repository and shows what it prints.
func tool(dir string, environment []string, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir, c.Stdout, c.Stderr = dir, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), environment...)
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}
