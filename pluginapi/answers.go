package pluginapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxAnswerBytes bounds an answer that is no JSON.
const MaxAnswerBytes = 1 << 20

// Answer says that an endpoint answers with text or bytes in place of JSON, and
// what browsers let a page do besides showing text, which is nothing by
// default. Scripts never run.
type Answer struct {
	Type   string   `json:"type"`             // media type: text/html, text/plain, text/csv, or one of bytes
	Styles []string `json:"styles,omitempty"` // of text/html: hashes of the inline styles that count, "sha256-…"
	Forms  bool     `json:"forms,omitempty"`  // of text/html: forms may be sent to the tenant
	Images bool     `json:"images,omitempty"` // of text/html: images of the tenant, and those in the page, are shown
}

// Media types of answers. Those of bytes are in response.body as base64. None of
// them can run code in the origin of the tenant.
var (
	textAnswers  = []string{"text/html", "text/plain", "text/csv"}
	bytesAnswers = []string{"application/octet-stream", "application/pdf", "application/zip", "image/gif", "image/jpeg", "image/png", "image/webp", "image/x-icon"}
)

// styleHash is a hash-source (Content Security Policy Level 3, section 2.3.1).
var styleHash = regexp.MustCompile(`^sha(256|384|512)-[A-Za-z0-9+/]+={0,2}$`)

// Errors of Answer.Bytes.
var (
	ErrAnswerTooLarge = fmt.Errorf("the answer has more than %d bytes", MaxAnswerBytes)
	ErrAnswerEncoding = errors.New("the answer is of bytes, and its body is not base64 (RFC 4648 section 4)")
)

// Bytes returns an answer as it is sent. body is the text in response.body.
func (a *Answer) Bytes(body string) ([]byte, error) {
	out := []byte(body)
	if slices.Contains(bytesAnswers, a.Type) {
		var err error
		if out, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, ErrAnswerEncoding
		}
	}
	if len(out) > MaxAnswerBytes {
		return nil, ErrAnswerTooLarge
	}
	return out, nil
}

// Header is one header of an answer.
type Header struct{ Name, Value string }

// Headers returns what an answer of this sort says of itself. The names are
// canonical. formTarget is that of Policy. A page that sends forms says where it
// is to its own origin, because browsers leave the origin out of a form without
// that (Fetch, section 3.2).
func (a *Answer) Headers(formTarget string) []Header {
	mediaType := a.Type
	if slices.Contains(textAnswers, a.Type) && a.Type != "text/html" { // a page says it in its head
		mediaType += "; charset=utf-8"
	}
	referrer := "no-referrer"
	if a.Forms {
		referrer = "same-origin"
	}
	return []Header{
		{"Content-Type", mediaType}, {"Content-Security-Policy", a.Policy(formTarget)}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", referrer},
	}
}

// Policy returns the Content-Security-Policy: nothing runs, nothing is loaded,
// nobody frames the page, but for what the manifest asks for. A page that sends
// forms keeps its origin, by which the tenant knows that they are its own.
// formTarget is a site to which the answer to a form may redirect the browser,
// besides the tenant: browsers apply form-action to redirects, too. It is ignored
// if it is no scheme://host[:port] in ASCII; of a scheme that is not HTTP all
// hosts count, because a policy cannot name one.
func (a *Answer) Policy(formTarget string) string {
	policy, forms, sandbox := "default-src 'none'", "'none'", "sandbox"
	if len(a.Styles) > 0 {
		policy += "; style-src '" + strings.Join(a.Styles, "' '") + "'"
	}
	if a.Images {
		policy += "; img-src 'self' data:"
	}
	if a.Forms {
		forms, sandbox = "'self'"+formSource(formTarget), "sandbox allow-forms allow-same-origin"
	}
	return policy + "; base-uri 'none'; form-action " + forms + "; frame-ancestors 'none'; " + sandbox
}

// originForm is an origin that can stand in a policy.
var originForm = regexp.MustCompile(`^([a-z][a-z0-9+.-]*):\/\/[A-Za-z0-9.:\[\]_-]*$`)

// formSource returns a source expression for a site, after a space, or "".
func formSource(site string) string {
	m := originForm.FindStringSubmatch(site)
	switch {
	case m == nil:
		return ""
	case m[1] == "http" || m[1] == "https":
		return " " + site
	}
	return " " + m[1] + ":"
}

// JSONMedia reports whether an answer of a media type is JSON.
func JSONMedia(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// validateAnswer checks what an endpoint says of its answers.
func (m *Manifest) validateAnswer(r *report, at string, h *Handler) {
	a := h.Answer
	if a == nil {
		return
	}
	if before(m.ABI, 1, 1) {
		r.add(at, `the ABI has it since 1.1; write "abi": "1.1"`)
	}
	if h.Kind != KindEndpoint {
		r.add(at, "only endpoints answer")
	}
	r.oneOf(at+".type", a.Type, slices.Concat(textAnswers, bytesAnswers)...)
	if a.Type != "text/html" && (len(a.Styles) > 0 || a.Forms || a.Images) {
		r.add(at, "styles, forms and images are for text/html")
	}
	for _, hash := range a.Styles {
		r.want(at+".styles", hash, styleHash)
	}
}
