package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
)

// Media types that bodies are parsed from.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// readBody reads and parses a request body. A request without Content-Type
// has no body, as far as the protocol is concerned.
func readBody(w http.ResponseWriter, r *http.Request, allowed []string, limits Config) (document.Value, []byte, error) {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" || r.Body == nil || r.ContentLength == 0 {
		return document.Value{}, nil, nil
	}
	media := strings.ToLower(contentType)
	base := strings.TrimSpace(strings.SplitN(media, ";", 2)[0])
	if !slices.Contains(allowed, base) {
		return document.Value{}, nil, apierror.New(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE",
			fmt.Sprintf("Content-Type %q is not allowed. Allowed types: %s", contentType, strings.Join(allowed, ", ")))
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limits.MaxBodyBytes))
	if err != nil {
		return document.Value{}, nil, bodyError(err, limits.MaxBodyBytes)
	}
	if base == mediaForm {
		return document.Obj(lastValues(string(raw))), raw, nil
	}
	v, err := document.Parse(decodeText(raw), limits.MaxJSONDepth)
	if err != nil {
		return document.Value{}, nil, apierror.New(http.StatusBadRequest, "BAD_REQUEST", "Invalid JSON in request body").Because(err)
	}
	return v, raw, nil
}

// decodeText decodes as the Fetch standard's "UTF-8 decode" does: without a
// byte order mark, what is no UTF-8 replaced.
func decodeText(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if utf8.Valid(raw) {
		return raw
	}
	return bytes.ToValidUTF8(raw, []byte("\uFFFD"))
}

func bodyError(err error, limit int64) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return apierror.New(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", fmt.Sprintf("The request body is larger than %d bytes", limit))
	}
	return apierror.New(http.StatusBadRequest, "BAD_REQUEST", "The request body could not be read").Because(err)
}

// pairs iterates over the name and value pairs of a form or query, decoded as
// the URL standard does (application/x-www-form-urlencoded parser): what is
// no escape stays as it is. Bytes that are no UTF-8 become U+FFFD, one for a
// run of them.
func pairs(s string, each func(name, value string)) {
	for s != "" {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		each(unescapeForm(name), unescapeForm(value))
	}
}

func unescapeForm(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	default:
		return c - 'A' + 10
	}
}

// lastValues reads a form: of a repeated name the last value counts.
func lastValues(s string) *document.Object {
	o := document.NewObject(8)
	pairs(s, func(name, value string) { o.Set(name, document.Text(value)) })
	return o
}

// queryObject reads a query: repeated names become arrays.
func queryObject(s string) *document.Object {
	o := document.NewObject(4)
	pairs(s, func(name, value string) {
		switch old := o.Get(name); old.Kind() {
		case document.Absent:
			o.Set(name, document.Text(value))
		case document.Array:
			o.Set(name, document.List(append(old.Items(), document.Text(value))...))
		default:
			o.Set(name, document.List(old, document.Text(value)))
		}
	})
	return o
}
