package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/document"
)

// Media types that bodies are parsed from.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// readBody reads and parses a request body. A request without Content-Type
// has no body, as far as the protocol is concerned. What it takes of memory is
// taken of the share.
func readBody(w http.ResponseWriter, r *http.Request, allowed []string, limits Config, share *budget.Share) (document.Value, []byte, error) {
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
	raw, err := readAll(http.MaxBytesReader(w, r.Body, limits.MaxBodyBytes), share)
	if err == nil {
		err = takeParsed(share, raw, limits.MaxBodyElements)
	}
	if err != nil {
		return document.Value{}, nil, bodyError(err, limits.MaxBodyBytes)
	}
	if len(raw) == 0 { // in chunks, of which the first was the last
		return document.Value{}, nil, nil
	}
	if base == mediaForm {
		if bytes.Count(raw, []byte("&")) >= limits.MaxBodyElements {
			return document.Value{}, nil, apierror.New(http.StatusBadRequest, "BAD_REQUEST", fmt.Sprintf("The form has more than %d fields", limits.MaxBodyElements))
		}
		return document.Obj(lastValues(string(raw))), raw, nil
	}
	v, err := document.ParseWithin(decodeText(raw), document.Limits{Depth: limits.MaxJSONDepth, Elements: limits.MaxBodyElements})
	switch {
	case errors.Is(err, document.ErrElements):
		return document.Value{}, nil, apierror.New(http.StatusBadRequest, "BAD_REQUEST", fmt.Sprintf("The request body has more than %d values", limits.MaxBodyElements)).WithCause(err)
	case err != nil:
		return document.Value{}, nil, apierror.New(http.StatusBadRequest, "BAD_REQUEST", "Invalid JSON in request body").WithCause(err)
	}
	return v, raw, nil
}

// freeBody is what every request may send without asking the budget: as much as
// the buffer that its connection has anyway. So a flood of large bodies keeps
// nobody from signing in.
const freeBody = 4 << 10

// readAll reads a body to its end. The share is asked for what has come, not
// for what was announced, so that slow clients keep nothing from others.
func readAll(r io.Reader, share *budget.Share) ([]byte, error) {
	buf := make([]byte, 0, 512)
	for {
		if len(buf) == cap(buf) {
			grown := 2 * cap(buf)
			if grown > freeBody {
				if err := share.Take(int64(grown) - share.Taken()); err != nil {
					return nil, err
				}
			}
			buf = append(make([]byte, 0, grown), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// elementBytes is about what a value of a body takes in memory besides its
// text, and its name if it is a member.
const elementBytes = 128

// takeParsed takes of the share what a body will need when it is parsed: its
// texts once more, and its values. How many those are is not known yet, but
// hardly more than the characters that begin or separate them.
func takeParsed(share *budget.Share, raw []byte, most int) error {
	if len(raw) <= freeBody {
		return nil
	}
	n := 1
	for _, mark := range [...]string{",", "[", "{", "&"} {
		n += bytes.Count(raw, []byte(mark))
	}
	return share.Take(int64(len(raw)) + elementBytes*int64(min(n, most)))
}

// LargestBody returns how much of the budget one body may take at most.
func LargestBody(maxBytes int64, maxElements int) int64 {
	return 3*maxBytes + elementBytes*int64(maxElements) // the buffer that it is read into may be twice as long
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
	var full *budget.Exhausted
	switch {
	case errors.As(err, &tooLarge):
		return apierror.New(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", fmt.Sprintf("The request body is larger than %d bytes", limit))
	case errors.As(err, &full) && full.Owner == budget.Client:
		return apierror.New(http.StatusRequestEntityTooLarge, "TOO_MANY_BODIES", "You are sending too much at the same time. Please try again later.").Later(bodyRetry).WithCause(err)
	case full != nil:
		return apierror.Unavailable(err).Later(bodyRetry)
	}
	return apierror.New(http.StatusBadRequest, "BAD_REQUEST", "The request body could not be read").WithCause(err)
}

// bodyRetry is when a client that was refused for want of memory should try
// again: bodies are under way for moments.
const bodyRetry = time.Second

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

// maxQueryParameters bounds the parameters of a query. Browsers and clients
// send a dozen.
const maxQueryParameters = 1000

// checkQuery refuses a query with too many parameters.
func checkQuery(s string) error {
	if strings.Count(s, "&") < maxQueryParameters {
		return nil
	}
	return apierror.New(http.StatusBadRequest, "BAD_REQUEST", fmt.Sprintf("The query has more than %d parameters", maxQueryParameters))
}

// queryObject reads a query: repeated names become arrays. One that checkQuery
// refuses is taken for an empty one.
func queryObject(s string) *document.Object {
	o := document.NewObject(4)
	if checkQuery(s) != nil {
		return o
	}
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
