package doctest

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/postbox"
	"github.com/authhost/authhost/engine/sms"
)

const smsSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestSMSReceiver: the receiver of docs/sms.md hands each message to the provider
// once, and nothing that is not signed.
func TestSMSReceiver(t *testing.T) {
	answers := []int{http.StatusServiceUnavailable, http.StatusOK}
	got := make(chan string, 10)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- r.Header.Get("Authorization") + " " + string(body)
		w.WriteHeader(answers[0])
		answers = answers[min(1, len(answers)-1):]
	}))
	defer provider.Close()
	url := receiver(t, provider.URL)
	webhook, err := sms.NewWebhook(sms.WebhookConfig{URL: url, Secrets: []string{smsSecret}})
	if err != nil {
		t.Fatal(err)
	}
	defer webhook.Close()
	message := sms.Message{ID: "msg_1", To: "+4915112345678", From: "Acme", Text: "Grüße <1>", Tenant: "main", Plugin: "p", Kind: "k"}
	if err := webhook.Send(t.Context(), message); err == nil || postbox.IsFinal(err) {
		t.Errorf("a provider that is down: %v", err)
	}
	for range 2 {
		if err := webhook.Send(t.Context(), message); err != nil {
			t.Errorf("got %v", err)
		}
	}
	const want = `Bearer provider-key {"to":"+4915112345678","from":"Acme","text":"Grüße <1>"}`
	if len(got) != 2 || <-got != want || <-got != want {
		t.Errorf("the provider got another number of messages, or others than two times %s", want)
	}
	forged := http.Header{"Webhook-Id": {"msg_2"}, "Webhook-Timestamp": {"1"}, "Webhook-Signature": {"v1,AAAA v1,\xff" + strings.Repeat("A", 43)}}
	for name, header := range map[string]http.Header{"forged": forged, "not signed": {}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		if answer, err := http.DefaultClient.Do(r); err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v, %v", name, answer, err)
		}
	}
	hangUp(t, url)
	message.ID = "msg_3"
	if err := webhook.Send(t.Context(), message); err != nil || len(got) != 1 {
		t.Errorf("%v, %d more messages, want one", err, len(got))
	}
}

// hangUp sends a part of a request.
func hangUp(t *testing.T, url string) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
}

// receiver runs the receiver of the page until the test ends.
func receiver(t *testing.T, provider string) (url string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no Node, which the receiver is written for")
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "sms.md"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "receiver.mjs")
	if err := os.WriteFile(file, []byte(snippet(t, string(page), "createServer(")), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, file)
	command.Env = append(os.Environ(), "SMS_SECRET="+smsSecret, "PROVIDER_URL="+provider, "PROVIDER_KEY=provider-key", "PORT=0")
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // the test's context ends it
	line, err := bufio.NewReader(out).ReadString('\n')
	port := regexp.MustCompile(`port (\d+)`).FindStringSubmatch(line)
	if err != nil || port == nil {
		t.Fatalf("it says %q, %v", line, err)
	}
	return "http://127.0.0.1:" + port[1]
}
