package blueprint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/pluginapi"
)

// overridesOf takes the folders of an operator's files for languages.
func overridesOf[F config.MailText | config.MessageText, T any](files []config.TextFile[F], text func(*F) T) ([]postbox.Override[T], error) {
	overrides := make([]postbox.Override[T], len(files))
	for i := range files {
		language, err := postbox.ParseLanguage(files[i].Language)
		if err != nil {
			return nil, files[i].Fault(err.Error(), "name the folder after a language")
		}
		overrides[i] = postbox.Override[T]{Name: files[i].Name, Language: language, Text: text(&files[i].Text)}
	}
	return overrides, nil
}

// addTexts has the texts of each plugin of a tenant made ready, and says at
// which file it is where an operator's override cannot be. what is "mail" or
// "message".
func addTexts[F config.MailText | config.MessageText](t *config.Tenant, manifests []*pluginapi.Manifest, files []config.TextFile[F], what string, add func(*pluginapi.Manifest) error) error {
	for _, m := range manifests {
		err := add(m)
		var fault *postbox.OverrideError
		if errors.As(err, &fault) {
			file := files[slices.IndexFunc(files, func(f config.TextFile[F]) bool {
				language, err := postbox.ParseLanguage(f.Language)
				return err == nil && f.Name == fault.Name && language == fault.Language
			})]
			return file.Fault(fmt.Sprintf("%s %s of the plugin %q: %v", what, file.Name, m.ID, err), "correct the file; the variables are those that the plugin's manifest declares")
		}
		if err != nil {
			return t.Origin.Fault("/plugins", fmt.Sprintf("plugin %q: %v", m.ID, err), otherBuild)
		}
	}
	return nil
}

// checkTextNames finds files for what no plugin sends.
func checkTextNames[F config.MailText | config.MessageText](t *config.Tenant, files []config.TextFile[F], what string, known []string) error {
	for i := range files {
		if !slices.Contains(known, files[i].Name) {
			return files[i].Fault(fmt.Sprintf("no plugin of tenant %q sends a %s %q", t.ID, what, files[i].Name), textsRemedy(what, known))
		}
	}
	return nil
}

func textsRemedy(what string, known []string) string {
	if len(known) == 0 {
		return "remove it: there are none"
	}
	return "the " + what + "s are " + strings.Join(known, ", ")
}
