package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/secret"
)

func keysCommand() *cobra.Command {
	return group("keys", "Manage signing keys and service keys",
		keysListCommand(), keysRotateCommand(), keysWithdrawCommand(), keysExportCommand(), newServiceKeyCommand())
}

// keyFlags are what every command about a running server's keys needs.
type keyFlags struct {
	admin            adminFlags
	tenant, use, alg string
}

func (k *keyFlags) add(c *cobra.Command, withAlg bool) {
	k.admin.add(c)
	f := c.Flags()
	f.StringVar(&k.tenant, "tenant", "", "id of the tenant")
	f.StringVar(&k.use, "use", "convex", "what the keys sign: a use that a plugin's manifest names, such as convex or jwt")
	if withAlg {
		f.StringVar(&k.alg, "alg", "", "algorithm: RS256, PS256, ES256, ES512 or EdDSA; default the one that there are keys of")
	}
	_ = c.MarkFlagRequired("tenant")
}

// call asks the admin listener, with what every command names and more.
func (k *keyFlags) call(ctx context.Context, method, path string, into any, more ...string) error {
	q := url.Values{"tenant": {k.tenant}, "use": {k.use}}
	if k.alg != "" {
		q.Set("alg", k.alg)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return k.admin.call(ctx, method, path, q, adminTimeout, into)
}

func keysListCommand() *cobra.Command {
	var k keyFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "Show the signing keys of a running server, and what each does",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var answer struct {
				Keys []struct {
					Kid, Alg, State     string
					ActiveAt, RetiresAt time.Time
				}
			}
			if err := k.call(c.Context(), http.MethodGet, "/keys", &answer); err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KID\tALG\tSTATE\tSIGNS FROM\tPUBLISHED UNTIL")
			for _, key := range answer.Keys {
				until := "-"
				if !key.RetiresAt.IsZero() {
					until = key.RetiresAt.Format(time.RFC3339)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", key.Kid, key.Alg, key.State, key.ActiveAt.Format(time.RFC3339), until)
			}
			return w.Flush()
		},
	}
	k.add(c, false)
	return c
}

func keysRotateCommand() *cobra.Command {
	var k keyFlags
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Publish a new signing key on a running server; it takes over once verifiers have seen it",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return printKid(c, &k, "/keys/rotate") },
	}
	k.add(c, true)
	return c
}

func keysWithdrawCommand() *cobra.Command {
	var k keyFlags
	var kid string
	c := &cobra.Command{
		Use:   "withdraw",
		Short: "End a signing key at once, because it may have leaked; what it signed is good no longer",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return printKid(c, &k, "/keys/withdraw", "kid", kid) },
	}
	k.add(c, false)
	c.Flags().StringVar(&kid, "kid", "", `id of the key, as "authhost keys list" shows it`)
	_ = c.MarkFlagRequired("kid")
	return c
}

func printKid(c *cobra.Command, k *keyFlags, path string, more ...string) error {
	var answer struct{ Kid string }
	if err := k.call(c.Context(), http.MethodPost, path, &answer, more...); err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), answer.Kid)
	return nil
}

func keysExportCommand() *cobra.Command {
	var k keyFlags
	var format string
	c := &cobra.Command{
		Use:   "export",
		Short: "Print the published keys, for verifiers that are given them and fetch nothing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var keys json.RawMessage
			if err := k.call(c.Context(), http.MethodGet, "/keys/export", &keys, "format", format); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), string(keys))
			return nil
		},
	}
	k.add(c, true)
	c.Flags().StringVar(&format, "format", "jwks", "jwks (RFC 7517), or convex-jwks: what getAuthConfigProvider({ jwks }) of @convex-dev/better-auth reads")
	return c
}

func newServiceKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new-service-key",
		Short: "Make a service key: for the server that calls, and its hash for the configuration",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			key := secret.NewServiceKey()
			fmt.Fprintf(c.OutOrStdout(), "key:     %s\nkeyHash: %s\n", key, secret.HashServiceKey(key))
			return nil
		},
	}
}
