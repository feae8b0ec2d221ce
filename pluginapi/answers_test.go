package pluginapi

import (
	"errors"
	"strings"
	"testing"
)

func TestAnswerPolicy(t *testing.T) {
	for want, a := range map[string]Answer{
		"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox": {Type: "text/plain"},
		"default-src 'none'; style-src 'sha256-YQ==' 'sha384-Yg=='; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; sandbox allow-forms allow-same-origin": {
			Type: "text/html", Styles: []string{"sha256-YQ==", "sha384-Yg=="}, Forms: true, Images: true,
		},
	} {
		if got := a.Policy(""); got != want || strings.Contains(got, "script") {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestFormTarget: a form may lead on to one site, which cannot add anything else
// to the policy.
func TestFormTarget(t *testing.T) {
	for target, want := range map[string]string{
		"": "'self'", "https://app.example": "'self' https://app.example", "http://localhost:3000": "'self' http://localhost:3000",
		"http://[::1]:80": "'self' http://[::1]:80", "myapp://cb": "'self' myapp:", "myapp://": "'self' myapp:",
		"https://a;script-src *": "'self'", "https://a,b": "'self'", "https://*": "'self'", "'none'": "'self'", "https://a/b": "'self'",
	} {
		headers := (&Answer{Type: "text/html", Forms: true}).Headers(target)
		if policy := headers[1].Value; !strings.Contains(policy, "; form-action "+want+"; ") || headers[3].Value != "same-origin" {
			t.Errorf("%s: %v, want %s", target, headers, want)
		}
	}
	if got := (&Answer{Type: "text/html"}).Headers("https://app.example"); !strings.Contains(got[1].Value, "form-action 'none'") || got[3].Value != "no-referrer" {
		t.Errorf("without forms: %v", got)
	}
}

func TestAnswerBytes(t *testing.T) {
	large := strings.Repeat("x", MaxAnswerBytes+1)
	for _, c := range []struct {
		mediaType, body, want string
		err                   error
	}{
		{"text/html", "<p>Grüße", "<p>Grüße", nil},
		{"text/plain", large[1:], large[1:], nil},
		{"text/plain", large, "", ErrAnswerTooLarge},
		{"image/png", "iVBORw==", "\x89PNG", nil},
		{"image/png", "iVBORw", "", ErrAnswerEncoding},
		{"application/pdf", "<p>", "", ErrAnswerEncoding},
	} {
		a := Answer{Type: c.mediaType}
		if got, err := a.Bytes(c.body); string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s %.20q: %.20q, %v", c.mediaType, c.body, got, err)
		}
	}
}

func TestAnswerFaults(t *testing.T) {
	for answer, want := range map[string]string{
		`{"type":"text/html","styles":["sha256-YQ=="],"forms":true,"images":true}`: "",
		`{"type":"image/png"}`:               "",
		`{"type":"text/javascript"}`:         `handlers[0].answer.type: "text/javascript" is not one of`,
		`{"type":"image/svg+xml"}`:           `"image/svg+xml" is not one of`,
		`{}`:                                 `"" is not one of`,
		`{"type":"text/plain","forms":true}`: "are for text/html",
		`{"type":"text/html","styles":["unsafe-inline"]}`:           `"unsafe-inline" does not match`,
		`{"type":"text/html","styles":["sha256-YQ==' script-src"]}`: "does not match",
	} {
		m, err := ParseManifest([]byte(`{"id":"x","version":"1.0.0","abi":"1.1","handlers":[{"handler":"x","kind":"endpoint","method":"GET","path":"/x","answer":` + answer + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Validate(); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", answer, err, want)
		}
	}
}

func TestJSONMedia(t *testing.T) {
	for mediaType, want := range map[string]bool{
		"application/json": true, "Application/JSON; charset=utf-8": true, "application/jwk-set+json": true,
		"text/html": false, "text/x+json": false, "": false, "text/html;application/json": false, "application/xhtml+xml": false,
	} {
		if JSONMedia(mediaType) != want {
			t.Errorf("%q: want %v", mediaType, want)
		}
	}
}
