// Command members is a rule that decides by the profile which users of a provider
// are let in, as Better Auth's validateUserInfo does: the employees of a company,
// for instance, at every sign-in anew.
package main

import (
	"slices"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// checkProfile is a hook on an event of the plugin social: it refuses a user whose
// profile breaks a rule for the provider.
func checkProfile(c *sdk.Call) error {
	provider, profile := c.Record("providerId").String(), c.Record("profile")
	for rule := range configOf(c).Rules().Items() {
		if rule.Get("provider").String() == provider && !holds(profile.At(rule.Get("path").String()), rule.Get("values").Texts()) {
			return errNotAMember
		}
	}
	return nil
}

// holds reports whether a value, or an item of a list, is one of those that may be
// there.
func holds(value sdk.Value, values []string) bool {
	if value.Kind() != sdk.KindJSON {
		return slices.Contains(values, value.Text())
	}
	return slices.ContainsFunc(value.Texts(), func(item string) bool { return slices.Contains(values, item) })
}
