package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/admin"
	"github.com/authhost/authhost/engine/config"
)

// adminTimeout bounds requests to the admin listener that should be quick.
const adminTimeout = 30 * time.Second

// maxAdminAnswer bounds an answer of the admin listener.
const maxAdminAnswer = 16 << 20

// adminFlags say where the admin listener of a running server is. Without any,
// a command asks the server of the configuration file in this folder.
type adminFlags struct{ config, url, tokenFile string }

func (a *adminFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&a.config, "config", "c", defaultConfig, "configuration file of the running server; its section server says where the admin listener and its token are")
	f.StringVar(&a.url, "admin", "", "URL of the admin listener (default: server.admin of the configuration file)")
	f.StringVar(&a.tokenFile, "token-file", "", "file with the token of the admin listener (default: "+admin.TokenFile+" in server.dataDir of the configuration file)")
}

// resolve fills in what no flag says from the configuration file, and reads
// the token.
func (a *adminFlags) resolve() (base, token string, err error) {
	base, file := a.url, a.tokenFile
	if base == "" || file == "" {
		server, err := config.LoadServer(a.config)
		if err != nil {
			return "", "", fmt.Errorf("%w; or name a running server with --admin and --token-file", err)
		}
		file = cmp.Or(file, filepath.Join(server.DataDir, admin.TokenFile))
		if base == "" {
			if base, err = adminURL(server.Admin); err != nil {
				return "", "", fmt.Errorf("%s: %w", a.config, err)
			}
		}
	}
	token, err = admin.ReadToken(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; the server makes it when it starts: is it running, and on this machine?", err)
	}
	return base, token, err
}

// adminURL is where a listener on an address is reached from this machine.
func adminURL(listen string) (string, error) {
	if listen == "" {
		return "", errors.New(`the admin listener is turned off; give server.admin an address, and restart the server`)
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", errors.New("server.admin has no fixed port; name the address with --admin")
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// adminClient follows no redirects: the token is for one listener.
var adminClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// call makes a request to the admin listener of a running server and decodes
// its answer, within the timeout, or however long it takes if that is 0.
func (a *adminFlags) call(ctx context.Context, method, path string, query url.Values, timeout time.Duration, into any) error {
	base, token, err := a.resolve()
	if err != nil {
		return err
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := adminClient.Do(req)
	if err != nil {
		return fmt.Errorf("the admin listener at %s does not answer: %w; is the server running?", base, cause(err))
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAdminAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return refusal(res.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the admin listener at %s answered %s: %w", base, res.Status, err)
	}
	return nil
}

// cause is an error of a request without the request, of which the caller says
// more.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// refusal is the error that an answer of the admin listener tells.
func refusal(status string, body []byte) error {
	var failed struct{ Error string }
	if json.Unmarshal(body, &failed) == nil && failed.Error != "" {
		return errors.New(failed.Error)
	}
	return fmt.Errorf("the admin listener answered %s", status)
}
