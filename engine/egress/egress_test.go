package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPolicy(t *testing.T) {
	refused := []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
		"239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1", "3fff::1", "100::1", "2001::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", // mapped
		"::127.0.0.1", "::10.0.0.1", // compatible
		"::ffff:0:127.0.0.1",                                   // translated
		"64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", // NAT64
		"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", // 6to4
	}
	for _, text := range refused {
		var e *AddressError
		if err := (Policy{}).Check(netip.MustParseAddr(text)); !errors.As(err, &e) {
			t.Errorf("%s: got %v, want it refused", text, err)
		}
	}
	for _, text := range []string{"1.1.1.1", "93.184.216.34", "172.32.0.1", "11.0.0.1", "2606:4700:4700::1111", "64:ff9b::1.1.1.1", "2002:101:101::1", "::ffff:1.1.1.1"} {
		if err := (Policy{}).Check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: got %v, want it allowed", text, err)
		}
	}
	listed := Policy{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for text, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": false} {
		if err := listed.Check(netip.MustParseAddr(text)); (err == nil) != want {
			t.Errorf("%s with 10.1.0.0/16 allowed: got %v", text, err)
		}
	}
}

// names is a resolver that gives the next list of addresses at each look-up,
// and the last one from then on.
type names struct {
	mu    sync.Mutex
	lists map[string][][]string
	txt   map[string][]string // records by absolute name
	asked []string            // names whose records were asked for
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	lists := n.lists[host]
	if len(lists) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(lists) > 1 {
		n.lists[host] = lists[1:]
	}
	var out []netip.Addr
	for _, text := range lists[0] {
		out = append(out, netip.MustParseAddr(text))
	}
	return out, nil
}

func (n *names) LookupTXT(ctx context.Context, name string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, name)
	switch records, ok := n.txt[name]; {
	case ok:
		return records, nil
	case name == "slow.example.":
		<-ctx.Done()
		return nil, &net.DNSError{Err: "i/o timeout", Name: name, IsTimeout: true}
	case name == "broken.example.":
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func newClient(t *testing.T, c Config) *Client {
	t.Helper()
	transport := New(c)
	t.Cleanup(transport.Close)
	return transport.Client(4)
}

func loopbackOnly() Policy {
	return Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

func get(c *Client, url string) (*Response, error) {
	return c.Do(context.Background(), Request{Method: http.MethodGet, URL: url, Follow: true})
}

func TestRefusesInternalHosts(t *testing.T) {
	called := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	resolver := &names{lists: map[string][][]string{
		"inside.example": {{"127.0.0.1"}},
		"mapped.example": {{"::ffff:127.0.0.1"}},
		"both.example":   {{"192.168.7.7", "::1"}},
	}}
	c := newClient(t, Config{Resolver: resolver, Policy: Policy{Plain: true}})
	for _, host := range []string{"127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "inside.example", "mapped.example", "both.example"} {
		u := "http://" + host + ":" + strconv.Itoa(port) + "/"
		if _, err := get(c, u); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", u, err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "017700000001", "127.1", "localhost.example"} {
		if _, err := get(c, "http://"+host+":"+strconv.Itoa(port)+"/"); err == nil {
			t.Errorf("%s: got an answer", host)
		}
	}
	if called {
		t.Error("the server inside was called")
	}
}

// TestRebinding: a name that was good a moment ago is judged again when a
// connection is made, and what was judged is what is dialled.
func TestRebinding(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	})}}
	server.Start()
	defer server.Close()
	resolver := &names{lists: map[string][][]string{"turncoat.example": {{"127.0.0.2"}, {"127.0.0.1"}}}}
	c := newClient(t, Config{Resolver: resolver, Policy: Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}})
	u := "http://turncoat.example:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port) + "/"
	if r, err := get(c, u); err != nil || r.Status != 200 {
		t.Fatalf("first: got %v, %v", r, err)
	}
	if _, err := get(c, u); !errors.Is(err, ErrRefused) {
		t.Errorf("after the name has changed: got %v, want ErrRefused", err)
	}
}

func TestRedirects(t *testing.T) {
	var inside string
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside = r.Header.Get("Authorization") + r.Header.Get("X-Key")
	}))
	defer secret.Close()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	redirectTo := func(path, to string, status int) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) })
	}
	redirectTo("/loop", "/loop", 302)
	redirectTo("/other", secret.URL+"/", 307)
	redirectTo("/file", "file:///etc/passwd", 302)
	redirectTo("/local", "http://127.0.0.3:1/", 302)
	redirectTo("/user", "http://a:b@127.0.0.1/", 302)
	redirectTo("/fine", "/end", 301)
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Method+r.Header.Get("X-Key")) })
	c := newClient(t, Config{Policy: Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}})

	for path, want := range map[string]error{"/loop": ErrUnavailable, "/file": ErrInvalid, "/local": ErrRefused, "/user": ErrInvalid} {
		if _, err := get(c, server.URL+path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
	headers := http.Header{"Authorization": {"Bearer s"}, "X-Key": {"k"}}
	r, err := c.Do(context.Background(), Request{Method: "GET", URL: server.URL + "/fine", Headers: headers, Follow: true})
	if err != nil || string(r.Body) != "GETk" {
		t.Errorf("same origin: got %v, %v", r, err)
	}
	if _, err := c.Do(context.Background(), Request{Method: "GET", URL: server.URL + "/other", Headers: headers, Follow: true}); err != nil || inside != "" {
		t.Errorf("another origin got the headers %q, %v", inside, err)
	}
	r, err = c.Do(context.Background(), Request{Method: "POST", URL: server.URL + "/other", Headers: headers, Body: []byte("x"), Follow: true})
	if err != nil || r.Status != 307 {
		t.Errorf("a POST was redirected: %v, %v", r, err)
	}
	asked := 0
	_, err = c.Do(context.Background(), Request{Method: "GET", URL: server.URL + "/fine", Follow: true, MayCall: func(u *url.URL) error {
		if asked++; u.Path == "/end" {
			return errors.New("not there")
		}
		return nil
	}})
	if !errors.Is(err, ErrRefused) || asked != 2 {
		t.Errorf("MayCall: got %v after %d questions", err, asked)
	}
}

func TestPlainAndPorts(t *testing.T) {
	secure := New(Config{})
	plain := New(Config{Policy: Policy{Plain: true}})
	for _, tt := range []struct {
		transport *Transport
		target    string
		encrypted bool
		ok        bool
	}{
		{secure, "1.1.1.1:443", true, true},
		{secure, "1.1.1.1:8443", true, true},
		{secure, "1.1.1.1:80", false, false},
		{secure, "1.1.1.1:25", true, false},
		{plain, "1.1.1.1:80", false, true},
		{plain, "1.1.1.1:22", false, false},
		{plain, "10.0.0.1:443", true, false},
	} {
		if err := tt.transport.judge(tt.target, tt.encrypted); (err == nil) != tt.ok {
			t.Errorf("%s encrypted %v: got %v", tt.target, tt.encrypted, err)
		}
	}
}

func TestBounds(t *testing.T) {
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, io.LimitReader(endless{}, MaxResponseBody+1)) })
	mux.HandleFunc("/full", func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, io.LimitReader(endless{}, MaxResponseBody)) })
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeaderBytes))
	})
	mux.HandleFunc("/hangs", func(http.ResponseWriter, *http.Request) { <-release })
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(release)
	transport := New(Config{Policy: loopbackOnly()})
	defer transport.Close()
	c := transport.Client(1)

	for path, want := range map[string]error{"/large": ErrTooLarge, "/headers": ErrUnavailable, "/full": nil} {
		if _, err := get(c, server.URL+path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
	hang := func(limit time.Duration) error {
		_, err := c.Do(context.Background(), Request{Method: "GET", URL: server.URL + "/hangs", Timeout: limit})
		return err
	}
	if err := hang(20 * time.Millisecond); !errors.Is(err, ErrTimeout) {
		t.Errorf("a server that hangs: got %v", err)
	}
	c.slots <- struct{}{}
	if err := hang(20 * time.Millisecond); !errors.Is(err, ErrBusy) {
		t.Errorf("too many at once: got %v", err)
	}
	<-c.slots

	for name, r := range map[string]Request{
		"method":  {Method: "CONNECT", URL: "https://a.example/"},
		"scheme":  {Method: "GET", URL: "ftp://a.example/"},
		"no host": {Method: "GET", URL: "https:///x"},
		"user":    {Method: "GET", URL: "https://u:p@a.example/"},
		"length":  {Method: "GET", URL: "https://a.example/" + strings.Repeat("x", MaxURL)},
		"body":    {Method: "POST", URL: "https://a.example/", Body: make([]byte, MaxRequestBody+1)},
		"host":    {Method: "GET", URL: "https://a.example/", Headers: http.Header{"Host": {"b"}}},
		"breaks":  {Method: "GET", URL: "https://a.example/", Headers: http.Header{"X": {"a\r\nY: b"}}},
	} {
		if _, err := c.Do(context.Background(), r); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestNoProxy: what the environment says about proxies does not count.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.9:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.9:1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) }))
	defer server.Close()
	resolver := &names{lists: map[string][][]string{"named.example": {{"127.0.0.1"}}}}
	c := newClient(t, Config{Policy: loopbackOnly(), Resolver: resolver})
	r, err := get(c, strings.Replace(server.URL, "127.0.0.1", "named.example", 1))
	if err != nil || string(r.Body) != "authhost" {
		t.Errorf("got %v, %v", r, err)
	}
	if _, err := get(c, "https://unknown.example/"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("an unknown name: got %v", err)
	}
}

// TestReuse: requests one after the other share a connection.
func TestReuse(t *testing.T) {
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { connections[r.RemoteAddr] = true }))
	defer server.Close()
	c := newClient(t, Config{Policy: loopbackOnly()})
	for range 5 {
		if _, err := get(c, server.URL); err != nil {
			t.Fatal(err)
		}
	}
	if len(connections) != 1 {
		t.Errorf("5 requests took %d connections", len(connections))
	}
}
