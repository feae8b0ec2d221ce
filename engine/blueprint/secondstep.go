package blueprint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/pluginapi"
)

// secondStep is the id of the plugin that asks for a second step at sign-ins.
const secondStep = "two-factor"

// passwords is the id of the plugin whose sign-ins are with a password.
const passwords = "email-password"

// Settings of the plugin secondStep that say what becomes of the sign-ins of
// others.
const (
	policyCredential = "credential"
	settingPolicy    = "policy"
	settingPage      = "pageURL"
)

// signInPath begins the paths of sign-ins.
const signInPath = "/sign-in/"

// signsIn reports whether a plugin has a way of its own to sign users in. That of
// a plugin from a file may be anything that is open to everybody; the built-in
// ones keep to the paths of the protocol.
func signsIn(p *dispatch.Plugin, fromFile bool) bool {
	if fromFile {
		return p.Manifest.MayBeginSessions()
	}
	return p.ID != passwords && p.Manifest.MayBeginSessions() && slices.ContainsFunc(p.Manifest.Handlers, func(h pluginapi.Handler) bool {
		return strings.HasPrefix(h.Path, signInPath)
	})
}

// besideSecondStep says what a second step means for the other ways to sign in
// that a tenant has: a warning for each that goes around it, or whose browsers
// have no page to answer on.
func besideSecondStep(t *config.Tenant, plugins []*dispatch.Plugin) (warnings []*config.Error) {
	gate := -1
	for i, p := range plugins {
		if p.ID == secondStep {
			gate = i
		}
	}
	if gate < 0 {
		return nil
	}
	settings := plugins[gate].Config
	around := settings.Get(settingPolicy).Str() == policyCredential
	if !around && settings.Get(settingPage).Str() != "" {
		return nil
	}
	for i, p := range plugins {
		if p.ID == secondStep || !signsIn(p, t.Plugins[i].Module != "") {
			continue
		}
		message, remedy := "plugin %q of tenant %q asks %q for a second step, which has no page for browsers that come from a link or a provider: they get JSON", "set pageURL of "+secondStep
		if around {
			message, remedy = "plugin %q of tenant %q signs users in without the second step of %q, whose policy is "+policyCredential, "set policy: all, unless its method is as good as two steps"
		}
		warnings = append(warnings, t.Origin.Fault(fmt.Sprintf("/plugins/%d", i), fmt.Sprintf(message, p.ID, t.ID, secondStep), remedy))
	}
	return warnings
}
