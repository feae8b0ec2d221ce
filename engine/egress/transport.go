package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds on connections.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	maxIdlePerHost   = 8
	maxIdle          = 256
	maxHeaderBytes   = 64 << 10 // of an answer
	maxAddresses     = 8        // of a name that are tried
)

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Config says what a Transport is made of.
type Config struct {
	Policy    Policy
	Resolver  Resolver    // default: the system's
	TLS       *tls.Config // default: the system's roots, TLS 1.2 and up
	UserAgent string      // of requests that have none; default "authhost"
}

// Transport owns connections. They are kept open and shared by all clients:
// each was judged when it was made. It is safe for concurrent use.
type Transport struct {
	policy    Policy
	resolver  Resolver
	userAgent string
	plain     *http.Transport
	secure    *http.Transport
	own       atomic.Pointer[[]netip.AddrPort]
}

// New returns a Transport.
func New(c Config) *Transport {
	t := &Transport{policy: c.Policy, resolver: c.Resolver, userAgent: c.UserAgent}
	if t.resolver == nil {
		t.resolver = net.DefaultResolver
	}
	if t.userAgent == "" {
		t.userAgent = "authhost"
	}
	config := c.TLS
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.plain = t.httpTransport(nil, false)
	t.secure = t.httpTransport(config, true)
	return t
}

// httpTransport makes the transport of one scheme, so that a connection is
// judged by what will run over it.
func (t *Transport) httpTransport(config *tls.Config, encrypted bool) *http.Transport {
	return &http.Transport{
		Proxy: nil, // a proxy of the environment would resolve names by itself
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return t.dial(ctx, network, address, encrypted)
		},
		TLSClientConfig: config, TLSHandshakeTimeout: handshakeTimeout, ForceAttemptHTTP2: true,
		MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdlePerHost, IdleConnTimeout: idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// Refuse names the listeners of this process, whose addresses are never called,
// whatever the policy allows. One on the unspecified address is refused at
// every address of this machine.
func (t *Transport) Refuse(own []netip.AddrPort) { t.own.Store(&own) }

// isOwn reports whether a listener of this process answers at an address.
func (t *Transport) isOwn(target netip.AddrPort) bool {
	own := t.own.Load()
	if own == nil {
		return false
	}
	a := target.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(*own, func(l netip.AddrPort) bool {
		bound := l.Addr().Unmap().WithZone("")
		// To connect to the unspecified address is to connect to this machine.
		return l.Port() == target.Port() && (bound == a || a.IsUnspecified() || bound.IsUnspecified() && ofThisMachine(a))
	})
}

// ofThisMachine reports whether an address is one of this machine. When they
// cannot be listed, every address may be.
func ofThisMachine(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(addresses, func(of net.Addr) bool {
		prefix, err := netip.ParsePrefix(of.String())
		return err == nil && prefix.Addr().Unmap().WithZone("") == a
	})
}

// Close drops the connections that are idle.
func (t *Transport) Close() {
	t.plain.CloseIdleConnections()
	t.secure.CloseIdleConnections()
}

func (t *Transport) roundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "http" {
		return t.plain.RoundTrip(r)
	}
	return t.secure.RoundTrip(r)
}

// dial resolves a name and connects to the first of its addresses that the
// policy allows. The addresses that were judged are those that are dialled.
func (t *Transport) dial(ctx context.Context, network, address string, encrypted bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := t.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Control: func(_, target string, _ syscall.RawConn) error {
		return t.judge(target, encrypted) // once more, on what the system is about to connect to
	}}
	var failed error
	for _, a := range addresses {
		target := net.JoinHostPort(a.String(), port)
		if err := t.judge(target, encrypted); err != nil {
			failed = prefer(failed, err)
			continue
		}
		conn, err := dialer.DialContext(ctx, network, target)
		if err == nil {
			return conn, nil
		}
		failed = prefer(failed, err)
	}
	return nil, failed
}

// prefer keeps the error that says most: a refusal hides behind no address
// that merely did not answer.
func prefer(have, next error) error {
	var refused *AddressError
	if have == nil || errors.As(next, &refused) {
		return next
	}
	return have
}

func (t *Transport) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addresses, err := t.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("egress: %w", err)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("egress: %s has no address", host)
	}
	return addresses[:min(len(addresses), maxAddresses)], nil
}

// judge checks an address and port that are about to be connected to.
func (t *Transport) judge(target string, encrypted bool) error {
	ap, err := netip.ParseAddrPort(target)
	if err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	a := ap.Addr()
	if t.isOwn(ap) {
		return &AddressError{Address: a, Reason: "a listener of this server"}
	}
	if t.policy.listed(a) {
		return nil
	}
	if err := t.policy.Check(a); err != nil {
		return err
	}
	switch port := ap.Port(); {
	case !encrypted && !t.policy.Plain:
		return &AddressError{Address: a, Reason: "not to be called without encryption"}
	case port < 1024 && port != 80 && port != 443:
		return &AddressError{Address: a, Reason: "not to be called on port " + strconv.Itoa(int(port))}
	}
	return nil
}
