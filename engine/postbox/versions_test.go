package postbox

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestVersions(t *testing.T) {
	compile := func(by, lang string) (string, error) {
		if by == "bad" {
			return "", errors.New("bad text")
		}
		return by + "/" + lang, nil
	}
	overrides := []Override[string]{
		{"hello", language.German, "hallo"}, {"hello", language.BrazilianPortuguese, "oi"}, {"bye", language.German, "bad"},
	}
	v, err := Translate("hello", "hello", overrides, compile)
	if err != nil {
		t.Fatal(err)
	}
	for languages, want := range map[string]string{
		"": "hello", "en": "hello", "fr": "hello", "de": "hallo/de", "de-AT, en;q=0.5": "hallo/de", "pt": "oi/pt-BR", "en, de;q=0.5": "hello",
		";;": "hello", strings.Repeat("fr,", 100) + "de": "hello",
	} {
		if got := v.Best(languages); got != want {
			t.Errorf("%q: %q, want %q", languages, got, want)
		}
	}
	all, err := Translate("hello", "hello", append(overrides, Override[string]{"hello", language.Und, "hi"}), compile)
	if err != nil || all.Best("fr") != "hi/" || all.Best("de") != "hallo/de" {
		t.Errorf("for all: %q, %v", all.Best("fr"), err)
	}
	var fault *OverrideError
	if _, err := Translate("bye", "bye", overrides, compile); !errors.As(err, &fault) || fault.Name != "bye" || fault.Language != language.German {
		t.Errorf("a fault: %v", err)
	}
}

func TestParseLanguage(t *testing.T) {
	for _, good := range []string{"", "de", "pt-BR", "zh-Hant", "PT-br"} {
		if _, err := ParseLanguage(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"german", "d", "de_DE", "..", "xx-!"} {
		if _, err := ParseLanguage(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
