package workbench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	examples "github.com/authhost/authhost/wasm-examples"
)

// Languages lists the languages that New has projects in.
func Languages() []string { return examples.Languages() }

// The Go modules that a plugin is written with, each in the folder of its name
// in a checkout. A release is one version of both: tags sdk/VERSION and
// pluginapi/VERSION.
const (
	sdkModule = modulePath + "sdk"
	apiModule = modulePath + "pluginapi" // the SDK needs it; authors import it rarely

	modulePath = "github.com/authhost/authhost/"
)

// goVersion is what go.mod of the SDK says. With a lower one, go wants
// to change go.mod before it builds.
const goVersion = "1.26.0"

// languageGo is the only language whose projects need an SDK.
const languageGo = "go"

// Project is a plugin that is to be begun.
type Project struct {
	Name     string // id of the plugin, and name of the project
	Language string // one of Languages
	Dir      string // where it goes; default a folder of the name
	// SDK is a checkout of authhost, for projects in Go: go.mod and README.md say
	// that the SDK is there. Without it, go.mod names the release Version of the SDK.
	SDK     string
	Version string // of this build; if it is no release, go.mod names v0.0.0
	// Taken are ids that a plugin should not have, such as those of the
	// plugins that come with the server.
	Taken []string
}

// namePattern is narrower than that of ids: package managers know the name, too.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

// releasePattern matches the versions that Go finds without a checkout.
var releasePattern = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`)

// New writes a project: the example in its language under the project's name.
// It returns the names of the files, and overwrites none.
func New(p Project) ([]string, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	contents, err := p.contents()
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(contents))
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(p.Dir, name)); err == nil {
			return nil, fmt.Errorf("%s is there already, and nothing was written; name another folder with --dir", filepath.Join(p.Dir, name))
		}
	}
	for _, name := range names {
		if err := write(filepath.Join(p.Dir, name), contents[name]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// check fills in the folder, and says what is wrong with the rest.
func (p *Project) check() error {
	switch {
	case !namePattern.MatchString(p.Name):
		return fmt.Errorf("%q is no name for a plugin: at most 40 of a-z, 0-9 and -, with a letter first and no - at the end", p.Name)
	case p.Name == "engine" || p.Name == "authhost":
		return fmt.Errorf("the name %q is reserved; choose another one", p.Name)
	case slices.Contains(p.Taken, p.Name):
		return fmt.Errorf("%q is a plugin that comes with authhost; choose another name", p.Name)
	case p.Language == "":
		return fmt.Errorf("name a language with --lang: %s", strings.Join(Languages(), ", "))
	case !slices.Contains(Languages(), p.Language):
		return fmt.Errorf("there is no example in %q to begin with, but in %s; pluginapi/ABI.md is for all other languages", p.Language, strings.Join(Languages(), ", "))
	case p.SDK != "" && p.Language != languageGo:
		return fmt.Errorf("--sdk is for Go; a project in %q needs no SDK", p.Language)
	}
	if p.Dir == "" {
		p.Dir = p.Name
	}
	return nil
}

// contents are the files of the project.
func (p Project) contents() (map[string][]byte, error) {
	example, err := examples.Project(p.Language)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	err = fs.WalkDir(example, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(example, name)
		out[name] = bytes.ReplaceAll(text, []byte(examples.Name(p.Language)), []byte(p.Name))
		return err
	})
	if err != nil || p.Language != languageGo {
		return out, err
	}
	replaced, err := p.replacements()
	if err != nil {
		return nil, err
	}
	out["go.mod"] = p.goMod(replaced)
	for _, r := range replaced {
		readme := exampleCheckout + strings.TrimPrefix(r.module, modulePath)
		out[readmeName] = bytes.ReplaceAll(out[readmeName], []byte(readme), []byte(r.at))
	}
	return out, nil
}

// Where README.md of the example in Go says that the SDK is.
const (
	readmeName      = "README.md"
	exampleCheckout = "../authhost/"
)

// goMod is the go.mod of a project in Go, as "go mod tidy" leaves it. The
// example has none, because it is part of the server's module.
func (p Project) goMod(replaced []replacement) []byte {
	text := fmt.Appendf(nil, "module example.com/%s\n\ngo %s\n\nrequire %s %s\n\nrequire %s %[4]s // indirect\n",
		p.Name, goVersion, sdkModule, p.sdkVersion(), apiModule)
	for _, r := range replaced {
		text = fmt.Appendf(text, "\nreplace %s => %s\n", r.module, r.at)
	}
	return text
}

// replacement is a module with the folder that it is in, as go.mod names it.
type replacement struct{ module, at string }

// replacements are the modules that are in the checkout, if there is one.
func (p Project) replacements() ([]replacement, error) {
	if p.SDK == "" {
		return nil, nil
	}
	var out []replacement
	for _, module := range []string{sdkModule, apiModule} {
		at, err := p.folder(module)
		if err != nil {
			return nil, err
		}
		out = append(out, replacement{module, at})
	}
	return out, nil
}

// folder is that of a module in the checkout, as go.mod names it.
func (p Project) folder(module string) (string, error) {
	at := filepath.Join(p.SDK, strings.TrimPrefix(module, modulePath))
	mod, err := os.ReadFile(filepath.Join(at, "go.mod"))
	if err != nil || !bytes.HasPrefix(mod, []byte("module "+module+"\n")) {
		return "", fmt.Errorf("%s is no checkout of authhost: there is no go.mod of the module %s in %s", p.SDK, module, at)
	}
	if !filepath.IsAbs(at) {
		at, err = relative(p.Dir, at)
	}
	return filepath.ToSlash(at), err
}

// relative is the way from one folder to another, as go.mod wants it.
func relative(from, to string) (string, error) {
	from, err1 := filepath.Abs(from)
	to, err2 := filepath.Abs(to)
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	way, err := filepath.Rel(from, to)
	if err == nil && !strings.HasPrefix(way, "..") {
		way = "./" + way
	}
	return way, err
}

func (p Project) sdkVersion() string {
	if p.SDK == "" && releasePattern.MatchString(p.Version) {
		return p.Version
	}
	return "v0.0.0"
}

// NeedsDownload reports whether a project in Go has to fetch the release of the
// SDK before it builds: go.sum is made by that.
func (p Project) NeedsDownload() bool {
	return p.Language == languageGo && p.SDK == "" && !p.NeedsReplace()
}

// NeedsReplace reports whether a project in Go needs to be told where the SDK
// is before it builds: its authhost is not a release.
func (p Project) NeedsReplace() bool {
	return p.Language == languageGo && p.SDK == "" && p.sdkVersion() == "v0.0.0"
}

// write makes a file that is not there, and its folder.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
