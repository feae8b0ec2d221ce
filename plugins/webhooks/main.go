// Command webhooks is the plugin of that name: it asks the app before records
// are written, and tells it afterwards, by HTTP requests that are signed as
// Standard Webhooks has it.
//
// Questions ("checks") are asked while the record's unit of work is open; an
// answer can set fields or refuse. Events are delivered from the host's
// durable outbox, so none is lost and those of one user come in order. The
// signing secrets never enter this plugin.
//
// manifest.json declares hooks and options.
package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/authhost/authhost/sdk"
)

func main() {} // never called: the host calls handlers

// Headers of Standard Webhooks.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// receiver is an endpoint or a check, as far as requests to it are concerned.
type receiver struct {
	path      string // in the configuration
	url       string
	secrets   int // how many there are
	timeoutMs int64
}

// deliver hands an event of the outbox to the endpoint that it is for.
func deliver(c *sdk.Call) error {
	d := c.Delivery()
	path := "endpoints." + d.Target
	to := configEndpoint{c.Settings().Object("endpoints").Object(d.Target)}
	answer, err := send(c, receiver{path, to.URL(), len(to.Secrets()), to.TimeoutMs()}, d.ID, payload(c, d.Time, to.Omit()))
	switch {
	case err != nil:
		return c.Later(reason(err))
	case !success(answer.Status):
		return c.Later(httpStatus(answer.Status))
	}
	return nil
}

// send posts a body, signed with each secret of the receiver.
func send(c *sdk.Call, to receiver, id, body string) (sdk.HTTPRequestResult, error) {
	timestamp := c.Get("now.unix").Text()
	signed := sdk.String(id + "." + timestamp + "." + body)
	var signatures []string
	for i := range to.secrets {
		mac, err := c.Crypto().HMAC(signed, sdk.HMACOptions{Secret: to.path + ".secrets." + strconv.Itoa(i), Key: "base64", Encoding: "base64"})
		if err != nil {
			return sdk.HTTPRequestResult{}, err
		}
		signatures = append(signatures, "v1,"+mac)
	}
	return c.HTTP().Request(to.url, sdk.HTTPRequestOptions{Method: "POST", Body: sdk.String(body), TimeoutMs: to.timeoutMs, Headers: []sdk.Field{
		sdk.F("content-type", sdk.String("application/json")),
		sdk.F(headerID, sdk.String(id)),
		sdk.F(headerTimestamp, sdk.String(timestamp)),
		sdk.F(headerSignature, sdk.String(strings.Join(signatures, " "))),
	}})
}

func success(status int64) bool { return status >= 200 && status < 300 }

// reason says for the operator why there was no answer.
func reason(err error) string {
	if e, ok := errors.AsType[*sdk.HostError](err); ok && e.Message != "" {
		return e.Message
	}
	return "the request could not be made"
}

func httpStatus(status int64) string { return "HTTP " + strconv.FormatInt(status, 10) }
