package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Bounds on what LookupTXT gives.
const (
	MaxTXTRecords = 64
	MaxTXTBytes   = 16 << 10 // of all records together
)

// Bounds on names (RFC 1035 section 2.3.4), in characters of their text.
const (
	maxName  = 253
	maxLabel = 63
)

// reservedNames are domains that are never of the public DNS, whatever a
// resolver of the network makes of them: localhost (RFC 6761), local (RFC 6762),
// onion (RFC 7686), home.arpa (RFC 8375), and internal, which ICANN set aside.
var reservedNames = []string{"localhost", "local", "onion", "home.arpa", "internal"}

// LookupTXT returns the TXT records of a name, the strings of each joined, in
// no order. The name is a whole one, of two labels or more; no search domain of
// the system is added to it. It counts as one request of the client: timeout is as in
// Request. The error is one of the Err values of this package.
func (c *Client) LookupTXT(ctx context.Context, name string, timeout time.Duration) ([]string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !isName(name) {
		return nil, fmt.Errorf("%w: not a name of the DNS with two labels or more", ErrInvalid)
	}
	for _, reserved := range reservedNames {
		if name == reserved || strings.HasSuffix(name, "."+reserved) {
			return nil, fmt.Errorf("%w: %s is not a domain of the public DNS", ErrRefused, reserved)
		}
	}
	ctx, done, err := c.begin(ctx, timeout)
	if err != nil {
		return nil, err
	}
	defer done()
	records, err := c.transport.resolver.LookupTXT(ctx, name+".")
	if err != nil {
		return nil, classifyLookup(ctx, err)
	}
	size := 0
	for _, r := range records {
		size += len(r)
	}
	switch {
	case len(records) == 0:
		return nil, ErrNotFound
	case len(records) > MaxTXTRecords || size > MaxTXTBytes:
		return nil, ErrTooLarge
	}
	return records, nil
}

func classifyLookup(ctx context.Context, err error) error {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case ctx.Err() != nil || dns != nil && dns.IsTimeout:
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// isName reports whether a text is a name of two labels or more that can have
// records: letters, digits, hyphens and, for names such as _dmarc, underscores
// (RFC 8552). The last label has a letter, so that no address is a name.
func isName(name string) bool {
	labels := strings.Split(name, ".")
	if len(name) > maxName || len(labels) < 2 || strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return false
	}
	return !slices.ContainsFunc(labels, func(label string) bool {
		return label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
	})
}
