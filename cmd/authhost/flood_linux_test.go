package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authhost/authhost/plugins"
)

// floodBody is the length of the flood's bodies: the default of maxBodyBytes.
const floodBody = 1 << 20

// shape is a kind of body that costs more than its length.
type shape struct {
	name, contentType string
	body              []byte
}

const (
	jsonMedia = "application/json"
	formMedia = "application/x-www-form-urlencoded"
)

// shapes are what floods are made of.
func shapes(r *rand.Rand) []shape {
	list := func(element func(i int) string) []byte {
		var b bytes.Buffer
		b.WriteString(`{"x":[`)
		for i := 0; b.Len() < floodBody-64; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(element(i))
		}
		b.WriteString("]}")
		return b.Bytes()
	}
	repeat := func(before, element, after string) []byte {
		return []byte(before + strings.Repeat(element, (floodBody-len(before)-len(after))/len(element)) + after)
	}
	form := func(field func(i int) string) []byte {
		var b bytes.Buffer
		for i := 0; b.Len() < floodBody-64; i++ {
			b.WriteString(field(i) + "&")
		}
		return b.Bytes()
	}
	constant := func(s string) func(int) string { return func(int) string { return s } }
	elements := []string{"[]", "{}", "0", `""`, "null", `[[],{"":[]}]`, `{"a":"\u0000"}`, `"\ud83d\ude00"`, "-1.5e3"}
	return []shape{
		{"arrays", jsonMedia, list(constant("[]"))},
		{"objects", jsonMedia, list(constant(`{"":0}`))},
		{"numbers", jsonMedia, list(constant("1"))},
		{"texts", jsonMedia, list(func(i int) string { return strconv.Quote(strconv.Itoa(i)) })},
		{"nesting", jsonMedia, repeat("", "[", "")},
		{"members", jsonMedia, []byte("{" + strings.Trim(string(list(func(i int) string { return fmt.Sprintf(`"%d":0`, i) })[6:]), "]}") + "}")},
		{"escapes", jsonMedia, repeat(`{"email":"`, `\u0041`, `","password":"x"}`)},
		{"no UTF-8", jsonMedia, repeat(`{"email":"`, "\xff", `","password":"x"}`)},
		{"fields", formMedia, form(func(i int) string { return strconv.Itoa(i) })},
		{"escaped fields", formMedia, form(func(i int) string { return fmt.Sprintf("%%%02x=%%41", i%256) })},
		{"mixed", jsonMedia, list(func(int) string { return elements[r.IntN(len(elements))] })},
	}
}

// floodPaths are asked with each shape: one that needs a session, one that
// does not, and one that takes forms.
var floodPaths = []string{"/update-user", "/sign-in/email", "/callback/github"}

// TestFlood sends large bodies of every shape from many clients at the same
// time, and looks at how much memory the server has had. The figure is that of
// docs/operations.md.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server and sends it gigabytes")
	}
	if _, err := plugins.Module("social"); err != nil {
		t.Skip(err)
	}
	base, pid := floodServer(t)
	const parallel, each = 64, 90
	seed := rand.Uint64()
	for _, s := range shapes(rand.New(rand.NewPCG(seed, 0))) {
		var senders sync.WaitGroup
		for i := range parallel {
			client := floodClient(i)
			senders.Go(func() {
				defer client.CloseIdleConnections()
				for n := i; n < each*len(floodPaths); n += parallel {
					flood(t, client, base+floodPaths[n%len(floodPaths)], s)
				}
			})
		}
		senders.Wait()
		if rec := get(t, base+"/ok"); rec != http.StatusOK {
			t.Fatalf("after %s: %d", s.name, rec)
		}
		t.Logf("%s: %d MiB (seed %d)", s.name, residentPeak(t, pid)>>20, seed)
	}
	if peak, most := residentPeak(t, pid), documentedPeak(t); peak > most {
		t.Errorf("the server had %d MiB resident, docs/operations.md says %d at most", peak>>20, most>>20)
	}
}

// flood sends one body. Any refusal will do, the redirect to the error page too,
// but not a fault.
func flood(t *testing.T, client *http.Client, url string, s shape) {
	res, err := client.Post(url, s.contentType, bytes.NewReader(s.body))
	if err != nil {
		return // refused before all was sent
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode < 300 || res.StatusCode == http.StatusInternalServerError {
		t.Errorf("%s to %s: %d %s", s.name, url, res.StatusCode, text)
	}
	if busy := res.StatusCode == http.StatusServiceUnavailable; busy && res.Header.Get("Retry-After") == "" {
		t.Errorf("%s to %s: %d without Retry-After", s.name, url, res.StatusCode)
	}
}

// floodClient has an address of its own.
func floodClient(i int) *http.Client {
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i+1))}}
	return &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{DialContext: from.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// floodServer starts a server with the default bounds on bodies, and without
// the rate limit, which would refuse the flood first.
func floodServer(t *testing.T) (base string, pid int) {
	t.Helper()
	dir, addr := t.TempDir(), freeAddress(t)
	config := fmt.Sprintf(`server: {listen: %q, admin: "", dataDir: data}
mail: {disabled: true}
tenants:
  - id: main
    baseURL: https://auth.example.com
    secret: kP3vR9xQ2mW7tZ5nB8cJ4hL6yF1sD0gA
    rateLimit: {enabled: false}
    plugins:
      - {id: email-password}
      - {id: social, config: {providers: {github: {clientId: a, clientSecret: b}}}}
`, addr)
	path := filepath.Join(dir, "authhost.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	c := exec.Command("authhost", "serve", "--config", path)
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Errorf("the server: %v\n%s", err, tail(output.Bytes()))
		}
	})
	base = "http://" + addr + "/api/auth"
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if res, err := http.Get(base + "/ok"); err == nil {
			res.Body.Close()
			return base, c.Process.Pid
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server ended: %v\n%s", err, tail(output.Bytes()))
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not answer")
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }

// residentPeak returns the most memory that a process has had resident.
func residentPeak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	kib := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if kib == nil {
		t.Fatal("no VmHWM")
	}
	n, err := strconv.Atoi(string(kib[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// documentedPeak reads the figure of docs/operations.md.
func documentedPeak(t *testing.T) int {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	mib := regexp.MustCompile(`(?s)flood of large bodies[^.]*?below (\d+)\s+MiB`).FindSubmatch(page)
	if mib == nil {
		t.Fatal("docs/operations.md does not say what a flood of large bodies takes")
	}
	n, err := strconv.Atoi(string(mib[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n << 20
}
