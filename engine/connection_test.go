package engine_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestConnectionAfterChunks: what follows a request with Content-Length and
// Transfer-Encoding is not read as another request.
func TestConnectionAfterChunks(t *testing.T) {
	s := serve(t, "\ntenants:\n  - {id: main, baseURL: http://main.example}\n")
	for name, tt := range map[string]struct {
		framing string
		closed  bool
	}{
		"both":          {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
		"the other way": {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", true},
		"a length":      {"Content-Length: 2\r\n\r\n{}", false},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			_, err = io.WriteString(conn, "POST /api/auth/sign-out HTTP/1.1\r\nHost: main.example\r\nContent-Type: application/json\r\n"+tt.framing+
				"GET /api/auth/ok HTTP/1.1\r\nHost: main.example\r\n\r\n")
			if err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			first, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, first.Body); err != nil || first.StatusCode != 200 {
				t.Errorf("%d, %v", first.StatusCode, err)
			}
			if _, err := http.ReadResponse(in, nil); (err != nil) != tt.closed || first.Close != tt.closed {
				t.Errorf("closed: %v, a second answer: %v", first.Close, err)
			}
		})
	}
}
