package postbox

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// maxLanguages bounds what is read of the languages of a reader, in bytes.
const maxLanguages = 256

// Override is what an operator says in place of a text of a plugin's.
type Override[T any] struct {
	Name     string       // of the text
	Language language.Tag // Und: for all languages that have no other
	Text     T
}

// OverrideError is a fault of an operator's override.
type OverrideError struct {
	Name     string
	Language language.Tag
	Err      error
}

func (e *OverrideError) Error() string { return e.Err.Error() }
func (e *OverrideError) Unwrap() error { return e.Err }

// Versions are the versions of a text in its languages.
type Versions[T any] struct {
	all     []T // the first is for whoever reads none of the other languages
	matcher language.Matcher
}

// Translate makes the versions of a text: own is the plugin's, in English;
// overrides of other names are left out. compile makes an override ready, in a
// language or "" for all. The error is an *OverrideError.
func Translate[O, T any](name string, own T, overrides []Override[O], compile func(by O, language string) (T, error)) (*Versions[T], error) {
	v, tags := &Versions[T]{all: []T{own}}, []language.Tag{language.English}
	for _, o := range overrides {
		if o.Name != name {
			continue
		}
		text, err := compile(o.Text, languageName(o.Language))
		if err != nil {
			return nil, &OverrideError{name, o.Language, err}
		}
		if o.Language == language.Und {
			v.all[0] = text
			continue
		}
		v.all, tags = append(v.all, text), append(tags, o.Language)
	}
	v.matcher = language.NewMatcher(tags)
	return v, nil
}

// Best returns the version in the best of some languages, which are as in the
// header Accept-Language (RFC 9110 section 12.5.4).
func (v *Versions[T]) Best(languages string) T {
	wanted, _, err := language.ParseAcceptLanguage(languages[:min(len(languages), maxLanguages)])
	if len(v.all) == 1 || err != nil || len(wanted) == 0 {
		return v.all[0]
	}
	_, best, sure := v.matcher.Match(wanted...)
	if sure == language.No {
		best = 0
	}
	return v.all[best]
}

func languageName(tag language.Tag) string {
	if tag == language.Und {
		return ""
	}
	return tag.String()
}

// ParseLanguage reads the name of a language, such as "de" or "pt-BR"; "" is
// Und. It is lenient with case alone.
func ParseLanguage(name string) (language.Tag, error) {
	if name == "" {
		return language.Und, nil
	}
	tag, err := language.Parse(name)
	if err != nil || !strings.EqualFold(tag.String(), name) {
		return language.Und, fmt.Errorf("%q is not the tag of a language, such as de or pt-BR", name)
	}
	return tag, nil
}
