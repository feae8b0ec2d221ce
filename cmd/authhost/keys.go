package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

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
			kid, err := postRotate(c.Context(), admin+"/keys/rotate?"+q.Encode())
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), kid)
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

const adminTimeout = 30 * time.Second

func postRotate(ctx context.Context, target string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("%w; is the server running, and is --admin its server.admin address?", err)
	}
	defer res.Body.Close()
	var body struct{ Kid, Error string }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&body); err != nil {
		return "", fmt.Errorf("the admin listener answered %s: %w", res.Status, err)
	}
	if body.Error != "" {
		return "", fmt.Errorf("%s", body.Error)
	}
	return body.Kid, nil
}
