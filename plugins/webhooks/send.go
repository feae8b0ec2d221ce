package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// Headers of Standard Webhooks.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// send posts a body to the address of an object of the configuration, signed
// with each of its secrets. result.status and result.body are the answer.
func send(c *sdk.Call, at, id, body string) sdk.Status {
	timestamp := c.Get("now.unix").Text()
	var signatures []string
	for i := int64(0); ; i++ {
		path := at + "secrets." + sdk.Int(i).Text()
		if c.Config(path).IsAbsent() {
			break
		}
		mac, status := c.Crypto().HMACWithSecret(path, sdk.String(id+"."+timestamp+"."+body), true, "base64")
		if status != sdk.OK {
			return status
		}
		signatures = append(signatures, "v1,"+mac)
	}
	return c.HTTP().Do(sdk.HTTPRequest{
		Method: "POST", URL: c.Config(at + "url").String(), Body: sdk.String(body),
		Headers: []sdk.Field{
			sdk.F("content-type", sdk.String("application/json")),
			sdk.F(headerID, sdk.String(id)),
			sdk.F(headerTimestamp, sdk.String(timestamp)),
			sdk.F(headerSignature, sdk.String(strings.Join(signatures, " "))),
		},
		TimeoutMs: c.Config(at + "timeoutMs").Int(defaultTimeout),
	})
}

// defaultTimeout is how long a receiver may take, in milliseconds.
const defaultTimeout = 5000

// deliver hands an event of the outbox to the endpoint that it is for.
func deliver(c *sdk.Call) sdk.Result {
	d := c.Delivery()
	at := "endpoints." + d.Target() + "."
	switch status := send(c, at, d.ID(), payload(c, at, d.Time())); {
	case status != sdk.OK:
		return d.Later(c.Result("message").StringOr("the request could not be made"))
	case !success(c.Result("status").Int(0)):
		return d.Later("HTTP " + c.Result("status").Text())
	}
	return sdk.Continue
}

func success(status int64) bool { return status >= 200 && status < 300 }
