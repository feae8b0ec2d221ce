package hosttest

import (
	"encoding/json"
	"io"
	"net/http"
)

// otherServer plays the servers that plugins call. It answers with what it was
// sent, as JSON; at /text with a text, at /json with some JSON, at /plain-json
// with the same as a text, at /marked and /marked-text with JSON and a text
// after a byte order mark, and at /missing with the status 404.
type otherServer struct{}

// TXT returns the TXT records that a name has in the DNS of the hosts.
func TXT(name string) []string {
	return map[string][]string{"txt.example": {"v=1"}, "_proof.txt.example": {"proof=1", "é"}}[name]
}

// ServeHTTP implements http.Handler.
func (*otherServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/text":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "a text")
		return
	case "/json", "/plain-json":
		w.Header().Set("Content-Type", map[string]string{"/json": "application/json", "/plain-json": "text/plain"}[r.URL.Path])
		_, _ = io.WriteString(w, `{"a":1}`)
		return
	case "/marked":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "\ufeff"+`{"a":1}`)
		return
	case "/marked-text":
		_, _ = io.WriteString(w, "\ufeffa text")
		return
	case "/missing":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Answer", "yes")
	}
	_ = json.NewEncoder(w).Encode(object{
		"method": r.Method, "url": r.URL.RequestURI(), "body": string(body), "type": r.Header.Get("Content-Type"),
		"accept": r.Header.Get("Accept"), "authorization": r.Header.Get("Authorization"), "key": r.Header.Get("X-Key"),
	})
}
