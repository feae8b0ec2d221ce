// Command open-api is the plugin of that name: a description of what the tenant
// serves, as Better Auth's openAPI plugin gives one. /open-api/generate-schema
// has it for tools, /reference for people.
//
// The host makes the document (capability openapi). page.go renders it, in
// HTML without scripts, fonts or anything else from elsewhere: a page below the
// origin of sign-in should not run what others serve. manifest.json declares
// routes and options.
package main

import "github.com/authhost/authhost/sdk"

// The handlers, by their numbers in manifest.json.
func init() {
	sdk.Register(1, generateSchema)
	sdk.Register(2, reference)
}

func main() {} // never called: the host calls handlers

// generateSchema serves GET /open-api/generate-schema.
func generateSchema(c *sdk.Call) sdk.Result {
	if status := c.OpenAPI().Describe(); status != sdk.OK {
		return c.Fail(status)
	}
	c.CopyBody("", "result")
	return sdk.Continue
}

// reference serves GET /reference, or where the options put it.
func reference(c *sdk.Call) sdk.Result {
	if c.Config("disableDefaultReference").IsTrue() {
		return c.Deny(404, "", "")
	}
	if status := c.OpenAPI().Describe(); status != sdk.OK {
		return c.Fail(status)
	}
	page := render(c)
	for _, h := range [...][2]string{
		{"content-type", "text/html"},
		{"content-security-policy", contentSecurityPolicy},
		{"x-content-type-options", "nosniff"},
		{"referrer-policy", "no-referrer"},
	} {
		c.SetHeader(h[0], sdk.String(h[1]))
	}
	c.SetBody("", sdk.String(page))
	return sdk.Continue
}
