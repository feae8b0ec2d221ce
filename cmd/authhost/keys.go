package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func keysCommand() *cobra.Command {
	var admin, tenant, use, alg string
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Publish a new signing key on a running server; it takes over once verifiers have seen it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q := url.Values{"tenant": {tenant}, "use": {use}, "alg": {alg}}
			var body struct{ Kid string }
			if err := callAdmin(c.Context(), http.MethodPost, admin+"/keys/rotate?"+q.Encode(), &body); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), body.Kid)
			return nil
		},
	}
	f := rotate.Flags()
	f.StringVar(&admin, "admin", "http://127.0.0.1:8081", "URL of the server's admin listener")
	f.StringVar(&tenant, "tenant", "", "id of the tenant")
	f.StringVar(&use, "use", "convex", "what the key signs: a use that a plugin's manifest names, such as convex or jwt")
	f.StringVar(&alg, "alg", "RS256", "algorithm: RS256, PS256, ES256, ES512 or EdDSA")
	_ = rotate.MarkFlagRequired("tenant")
	return group("keys", "Manage signing keys", rotate)
}
