package sms

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/postbox"
)

// DefaultTimeout bounds one attempt of a Webhook.
const DefaultTimeout = 10 * time.Second

// Headers of Standard Webhooks 1.0.0.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// SecretPrefix begins a secret; base64 of its bytes follows.
const SecretPrefix = "whsec_"

// Bounds on the bytes of a secret, as Standard Webhooks recommends them.
const (
	minSecretBytes = 24
	maxSecretBytes = 64
)

// Bounds on the answer of a provider, in bytes. Of the body nothing is used: a
// short one is read so that the connection can be used again.
const (
	maxAnswerHeader = 16 << 10
	maxAnswerBody   = 4 << 10
)

// ErrSecret is returned for a secret that is not one of Standard Webhooks.
var ErrSecret = fmt.Errorf("sms: a secret is %s and the base64 of %d to %d bytes", SecretPrefix, minSecretBytes, maxSecretBytes)

// DecodeSecret returns the bytes of a secret. The error is ErrSecret.
func DecodeSecret(secret string) ([]byte, error) {
	text, prefixed := strings.CutPrefix(secret, SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !prefixed || err != nil || len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return nil, ErrSecret
	}
	return key, nil
}

// WebhookConfig names the operator's provider.
type WebhookConfig struct {
	// URL takes messages. It is the operator's word, as the name of a mail server
	// is: no address is refused.
	URL string
	// Secrets sign each request; several while one takes the place of another.
	Secrets   []string
	Timeout   time.Duration // for one attempt; default DefaultTimeout
	UserAgent string
	Now       func() time.Time // default time.Now
}

// Webhook is a Sender that posts messages to the operator's provider. It is
// safe for concurrent use.
type Webhook struct {
	config WebhookConfig
	keys   [][]byte
	client *http.Client
}

// NewWebhook returns a sender. It does not connect yet.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	w := &Webhook{config: c, client: &http.Client{
		Timeout:       c.Timeout,
		Transport:     &http.Transport{MaxResponseHeaderBytes: maxAnswerHeader, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, secret := range c.Secrets {
		key, err := DecodeSecret(secret)
		if err != nil {
			return nil, err
		}
		w.keys = append(w.keys, key)
	}
	if len(w.keys) == 0 {
		return nil, ErrSecret
	}
	return w, nil
}

// Close ends idle connections.
func (w *Webhook) Close() { w.client.CloseIdleConnections() }

// request is the body of a request.
type request struct {
	To      string `json:"to"`
	Message string `json:"message"`
	From    string `json:"from,omitempty"`
	Tenant  string `json:"tenant"`
	Plugin  string `json:"plugin"`
	Kind    string `json:"kind"`
}

// Send posts the message and returns when the provider has taken it. A refusal
// that will come again is a final error (postbox.IsFinal). No error has the
// URL, the number or the text in it.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	body, err := json.Marshal(request{m.To, m.Text, m.From, m.Tenant, m.Plugin, m.Kind})
	if err != nil {
		return postbox.Final(fmt.Errorf("sms: %w", err))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.config.URL, bytes.NewReader(body))
	if err != nil {
		return postbox.Final(errors.New("sms: the URL of the provider cannot be used"))
	}
	w.sign(r.Header, m.ID, body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", w.config.UserAgent)
	answer, err := w.client.Do(r)
	if err != nil {
		var failed *url.Error // its text has the URL, which may have a password in it
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return fmt.Errorf("sms: the provider did not answer: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswerBody) // the status says it all
	return verdict(answer.StatusCode)
}

// sign adds the headers of Standard Webhooks.
func (w *Webhook) sign(h http.Header, id string, body []byte) {
	timestamp := strconv.FormatInt(w.config.Now().Unix(), 10)
	var signatures []string
	for _, key := range w.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, timestamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
}

// verdict says what a status means. What a server says of itself, or of the
// moment, may be another the next time; the rest is final, redirects included:
// they are not followed.
func verdict(status int) error {
	err := fmt.Errorf("sms: the provider answered %d", status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return err
	}
	return postbox.Final(err)
}
