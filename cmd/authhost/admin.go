package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// adminTimeout bounds requests to the admin listener that should be quick.
const adminTimeout = 30 * time.Second

// maxAdminAnswer bounds an answer of the admin listener.
const maxAdminAnswer = 16 << 20

// callAdmin makes a request to the admin listener of a running server and
// decodes its answer, within the timeout, or however long it takes if that is 0.
func callAdmin(ctx context.Context, method, target string, timeout time.Duration, into any) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%w; is the server running, and is --admin its server.admin address?", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAdminAnswer))
	if err != nil {
		return err
	}
	var failed struct{ Error string }
	if res.StatusCode != http.StatusOK {
		if json.Unmarshal(text, &failed) == nil && failed.Error != "" {
			return errors.New(failed.Error)
		}
		return fmt.Errorf("the admin listener answered %s", res.Status)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the admin listener answered %s: %w", res.Status, err)
	}
	return nil
}
