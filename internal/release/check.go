package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// versionPattern is that of releases: pre-releases are not built here.
var versionPattern = regexp.MustCompile(`^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`)

// taggedVersion returns the version of the tag at the checked-out commit.
func taggedVersion(root string) (string, error) {
	tags, err := git(root, "tag", "--points-at", "HEAD")
	if err != nil {
		return "", err
	}
	versions := slices.DeleteFunc(strings.Fields(tags), func(tag string) bool { return !versionPattern.MatchString(tag) })
	if len(versions) != 1 {
		return "", fmt.Errorf("the checked-out commit has %d tags of the form vX.Y.Z, a release has one", len(versions))
	}
	return versions[0], nil
}

// check returns everything that a release of the version lacks.
func check(root, version string) error {
	return errors.Join(checkTree(root), checkTags(root, version), checkChangelog(root, version), checkModules(root, version))
}

func checkTree(root string) error {
	changed, err := git(root, "status", "--porcelain")
	if err == nil && changed != "" {
		err = fmt.Errorf("files differ from the commit:\n%s", changed)
	}
	return err
}

// checkTags looks for the tags of the other Go modules: Go finds the versions of
// a module in a folder by tags with the folder's name.
func checkTags(root, version string) error {
	tags, err := git(root, "tag", "--points-at", "HEAD")
	if err != nil {
		return err
	}
	var missing []error
	for _, tag := range []string{"sdk/" + version, "pluginapi/" + version} {
		if !slices.Contains(strings.Fields(tags), tag) {
			missing = append(missing, fmt.Errorf("the checked-out commit has no tag %s", tag))
		}
	}
	return errors.Join(missing...)
}

// releaseHeading matches the headings of CHANGELOG.md.
var releaseHeading = regexp.MustCompile(`(?m)^## (.+)$`)

// checkChangelog wants the version and its date as the first heading.
func checkChangelog(root, version string) error {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	want := strings.TrimPrefix(version, "v") + " - YYYY-MM-DD"
	form := regexp.MustCompile(`^` + regexp.QuoteMeta(strings.TrimPrefix(version, "v")) + ` - [0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	first := releaseHeading.FindSubmatch(text)
	if first == nil || !form.Match(first[1]) {
		return fmt.Errorf("the first heading of CHANGELOG.md must be %q", "## "+want)
	}
	return nil
}

// checkModules wants the requirements between the modules to name the version:
// whoever requires the SDK ignores its replace lines.
func checkModules(root, version string) error {
	var wrong []error
	for file, modules := range map[string][]string{"go.mod": {"sdk", "pluginapi"}, "sdk/go.mod": {"pluginapi"}} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		for _, module := range modules {
			if want := "github.com/authhost/authhost/" + module + " " + version + "\n"; !strings.Contains(string(text), want) {
				wrong = append(wrong, fmt.Errorf("%s must require %s", file, strings.TrimSpace(want)))
			}
		}
	}
	return errors.Join(wrong...)
}
