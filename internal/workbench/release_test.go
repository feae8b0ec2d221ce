package workbench_test

import (
	"archive/zip"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/internal/workbench"
)

// TestProjectOfRelease begins a project with a released authhost, and builds it
// with what a module proxy has of that release: the SDK and pluginapi alone.
func TestProjectOfRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for several seconds")
	}
	const version = "v1.2.3"
	proxy, dir := t.TempDir(), filepath.Join(t.TempDir(), "rule")
	for _, folder := range []string{"sdk", "pluginapi"} {
		publish(t, proxy, folder, version)
	}
	if _, err := workbench.New(workbench.Project{Name: "rule", Language: "go", Dir: dir, Version: version}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"mod tidy", "test ."} {
		c := exec.Command("go", strings.Fields(command)...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GOPROXY=file://"+filepath.ToSlash(proxy), "GOSUMDB=off", "GOWORK=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+t.TempDir())
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", command, err, out)
		}
	}
	after, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("go mod tidy made of go.mod\n%s", after)
	}
}

// publish puts a module of the repository into a folder that is a module proxy.
func publish(t *testing.T, proxy, folder, version string) {
	t.Helper()
	module := "github.com/authhost/authhost/" + folder
	at := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, folder, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".info": `{"Version":"` + version + `"}`, ".mod": string(mod)} {
		if err := os.WriteFile(filepath.Join(at, version+name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	w := zip.NewWriter(archive)
	sources := os.DirFS(filepath.Join(root, folder))
	err = fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		f, err := w.Create(path.Join(module+"@"+version, name))
		if err == nil {
			_, err = f.Write(text)
		}
		return err
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
