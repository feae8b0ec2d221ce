package archtest

import (
	"encoding/json"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goMod is a go.mod or go.work as "go mod edit" and "go work edit" print it.
type goMod struct {
	Module struct{ Path string }
	Go     string

	Require []struct{ Path, Version string }
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Use []struct{ DiskPath string }
}

// replacement is where a go.mod says that a module is; "" is nowhere.
func (m goMod) replacement(path string) string {
	for _, r := range m.Replace {
		if r.Old.Path == path {
			return r.New.Path
		}
	}
	return ""
}

// edit reads a go.mod or go.work; tool is "mod" or "work".
func edit(t *testing.T, tool, file string) (m goMod) {
	t.Helper()
	out, err := exec.Command("go", tool, "edit", "-json", filepath.Join(root(t), file)).Output()
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return m
}

// TestModules: the workspace has every module of the repository, and outside
// of it each one finds the others in the folders beside it.
func TestModules(t *testing.T) {
	var found []string
	files(t, []string{".mod"}, func(name string, _ []byte) {
		if !strings.Contains(name, "/testdata/") {
			found = append(found, path.Dir(name))
		}
	})
	slices.Sort(found)
	if !slices.Equal(found, modules) {
		t.Errorf("there is a go.mod in %q; modules names %q", found, modules)
	}
	workspace := edit(t, "work", "go.work")
	var used []string
	for _, u := range workspace.Use {
		used = append(used, path.Clean(u.DiskPath))
	}
	if !slices.Equal(used, modules) {
		t.Errorf("go.work uses %q, want %q", used, modules)
	}
	for _, folder := range modules {
		m := edit(t, "mod", path.Join(folder, "go.mod"))
		if want := path.Join(module, folder); m.Module.Path != want {
			t.Errorf("the module in %s is %s, want %s", folder, m.Module.Path, want)
		}
		if m.Go != workspace.Go {
			t.Errorf("%s/go.mod says go %s, go.work says %s", folder, m.Go, workspace.Go)
		}
		for _, r := range m.Require {
			switch at := m.replacement(r.Path); {
			case ours(r.Path) && path.Join(folder, at) != rel(r.Path):
				t.Errorf("%s/go.mod says that %s is in %q, which is not the folder %s", folder, r.Path, at, rel(r.Path))
			case folder != "." && !ours(r.Path):
				t.Errorf("%s/go.mod requires %s: an author's go.mod has the SDK and pluginapi, and no dependency of the server's", folder, r.Path)
			}
		}
	}
}
