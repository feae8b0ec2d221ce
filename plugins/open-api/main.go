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

func main() {} // never called: the host calls handlers

// generateSchema serves GET /open-api/generate-schema.
func generateSchema(c *sdk.Call) error {
	doc, err := c.OpenAPI().Describe()
	if err != nil {
		return err
	}
	return c.ReplyWith(doc)
}

// reference serves GET /reference, or where the options put it.
func reference(c *sdk.Call) error {
	if configOf(c).DisableDefaultReference() {
		return &sdk.Error{Status: 404}
	}
	doc, err := c.OpenAPI().Describe()
	if err != nil {
		return err
	}
	return c.ReplyWith(sdk.String(render(doc)))
}
