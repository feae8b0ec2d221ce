package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/authhost/authhost/sdk"
)

// What token endpoints answer (RFC 6749, section 5.1), read as liberally as
// their makers write it: JSON under another name, forms, lives as texts or with
// fractions, scopes in a list, and members that are there but empty.

// readAnswer reads the answer of a token endpoint: an object, or a form, which
// some servers send (GitHub's by default). Anything else has no members.
func readAnswer(body sdk.Value) sdk.Value {
	if body.Kind() != sdk.KindString {
		return body
	}
	var members []sdk.Field
	for pair := range strings.SplitSeq(body.String(), "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, known := decodeForm(name)
		value, valid := decodeForm(value)
		if !known || !valid {
			return sdk.Value{}
		}
		members = append(members, sdk.F(name, sdk.String(value)))
	}
	return sdk.Object(members...)
}

// decodeForm decodes a name or a value of a form.
func decodeForm(text string) (string, bool) {
	return sdk.DecodeURIComponent(strings.ReplaceAll(text, "+", " "))
}

// readTokens reads the tokens and scopes of an answer. separator is what the
// provider has between scopes besides spaces. Lives are left to lifeOf.
func readTokens(answer sdk.Value, separator string) tokens {
	return tokens{
		access: tokenOf(answer.Get("access_token")), refresh: tokenOf(answer.Get("refresh_token")), id: tokenOf(answer.Get("id_token")),
		scopes: given(strings.Join(scopesOf(answer.Get("scope"), separator), ",")),
		openID: answer.Get("openid").String(),
	}
}

// tokenOf is a token, absent if there is none or an empty one: that is no word
// on the token of before.
func tokenOf(v sdk.Value) sdk.Value { return given(v.String()) }

// scopesOf are the scopes that an answer names, in a text or a list.
func scopesOf(v sdk.Value, separator string) []string {
	if v.Kind() == sdk.KindString {
		return strings.FieldsFunc(v.String(), func(r rune) bool {
			return strings.ContainsRune(" \t\r\n", r) || separator != "" && strings.ContainsRune(separator, r)
		})
	}
	var scopes []string
	for _, scope := range v.Texts() {
		if scope = strings.TrimSpace(scope); scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// mergeScopes adds to the scopes that were granted before those that came, with
// commas between.
func mergeScopes(before string, came sdk.Value) sdk.Value {
	all := strings.FieldsFunc(before, isComma)
	for scope := range strings.FieldsFuncSeq(came.String(), isComma) {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return given(strings.Join(all, ","))
}

// maxLife bounds what a provider says of a token's life, in seconds.
const maxLife = 100 * 365 * 24 * 3600

// lifeOf is how long a token lives, in whole seconds: a number, or a text that
// is one. It is 0 if that is not said, or nonsense.
func lifeOf(v sdk.Value) int64 {
	if v.Kind() != sdk.KindNumber && v.Kind() != sdk.KindString {
		return 0
	}
	life, err := strconv.ParseFloat(strings.TrimSpace(v.Text()), 64)
	if err != nil || !(life > 0 && life <= maxLife) { // NaN is neither
		return 0
	}
	return int64(life)
}
