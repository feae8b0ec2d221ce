package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
)

func TestQueryObject(t *testing.T) {
	// What URLSearchParams gives (URL standard, section 5.1), repeated names
	// as arrays.
	tests := []struct{ query, want string }{
		{"", `{}`},
		{"a=1", `{"a":"1"}`},
		{"a=1&b=2", `{"a":"1","b":"2"}`},
		{"a", `{"a":""}`},
		{"a=", `{"a":""}`},
		{"=x", `{"":"x"}`},
		{"=", `{"":""}`},
		{"&&a=1&", `{"a":"1"}`},
		{"a=1=2", `{"a":"1=2"}`},
		{"a=1&a=2", `{"a":["1","2"]}`},
		{"a=1&b=x&a=2&a=3", `{"a":["1","2","3"],"b":"x"}`},
		{"a&a=2", `{"a":["","2"]}`},
		{"a+b=c+d", `{"a b":"c d"}`},
		{"a=%2B%26%3D", `{"a":"+&="}`},
		{"%61=%7a%7A", `{"a":"zz"}`},
		{"a=%", `{"a":"%"}`},
		{"a=%4", `{"a":"%4"}`},
		{"a=%zz%41", `{"a":"%zzA"}`},
		{"a=100%&b=%%41", `{"a":"100%","b":"%A"}`},
		{"a=%u0041", `{"a":"%u0041"}`},
		{"a=%00", `{"a":"\u0000"}`},
		{"a=%E2%82%AC", `{"a":"€"}`},
		{"a=€", `{"a":"€"}`},
		{"a=%FF", `{"a":"�"}`},
		{"a=%E2%82", `{"a":"�"}`},
		{"a=\xff", `{"a":"�"}`},
		{"a=b;c=d", `{"a":"b;c=d"}`},
		{"a[]=1&a[0]=2", `{"a[]":"1","a[0]":"2"}`},
		{"__proto__=x&constructor=y", `{"__proto__":"x","constructor":"y"}`},
		{"a=#x", `{"a":"#x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			if got := string(objectJSON(queryObject(tt.query))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestQueryIsBounded(t *testing.T) {
	const n = maxQueryParameters - 1
	if got := len(queryObject(strings.Repeat("a=1&", n)).Get("a").Items()); got != n {
		t.Errorf("%d repeated values, want %d", got, n)
	}
	for _, query := range []string{strings.Repeat("a=1&", 200_000), strings.Repeat("&", maxQueryParameters)} {
		if got := queryObject(query).Len(); got != 0 || checkQuery(query) == nil {
			t.Errorf("%d names, %v", got, checkQuery(query))
		}
	}
}

func TestLastValues(t *testing.T) {
	for form, want := range map[string]string{
		"email=a%40b.co&password=x+y": `{"email":"a@b.co","password":"x y"}`,
		"a=1&b=2&a=3":                 `{"a":"3","b":"2"}`,
		"rememberMe=false":            `{"rememberMe":"false"}`,
	} {
		if got := string(objectJSON(lastValues(form))); got != want {
			t.Errorf("%q: got %s, want %s", form, got, want)
		}
	}
}

func TestReadBody(t *testing.T) {
	const allJSON = "Allowed types: application/json"
	both := []string{mediaForm, mediaJSON}
	tests := []struct {
		name, contentType, body string
		allowed                 []string
		want                    string // JSON; "" for no body
		status                  int
		code, message           string
	}{
		{name: "JSON", contentType: "application/json", body: `{"a":1}`, want: `{"a":1}`},
		{name: "with charset", contentType: "application/json; charset=utf-8", body: `{"a":1}`, want: `{"a":1}`},
		{name: "case and space", contentType: " Application/JSON ;x=y", body: `[]`, want: `[]`},
		{name: "scalar", contentType: "application/json", body: `"text"`, want: `"text"`},
		{name: "last member wins", contentType: "application/json", body: `{"a":1,"a":2}`, want: `{"a":2}`},
		{name: "byte order mark", contentType: "application/json", body: "\xef\xbb\xbf{}", want: `{}`},
		{name: "no UTF-8", contentType: "application/json", body: "{\"a\":\"\xff\"}", want: `{"a":"�"}`},
		{name: "no content type", body: `{"a":1}`},
		{name: "no body", contentType: "application/json"},
		{name: "no body of a wrong type", contentType: "text/plain"},
		{name: "form", contentType: mediaForm, allowed: both, body: "a=1&a=2", want: `{"a":"2"}`},
		{name: "form with charset", contentType: mediaForm + "; charset=utf-8", allowed: both, body: "a=1", want: `{"a":"1"}`},
		{name: "form where only JSON is allowed", contentType: mediaForm, body: "a=1", status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: `Content-Type "application/x-www-form-urlencoded" is not allowed. ` + allJSON},
		{name: "text", contentType: "text/plain", body: `{}`, status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: `Content-Type "text/plain" is not allowed. ` + allJSON},
		{name: "multipart", contentType: "multipart/form-data; boundary=x", allowed: both, body: "--x--", status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: `Content-Type "multipart/form-data; boundary=x" is not allowed. Allowed types: application/x-www-form-urlencoded, application/json`},
		{name: "JSON as a parameter", contentType: "text/plain; application/json", body: `{}`, status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: `Content-Type "text/plain; application/json" is not allowed. ` + allJSON},
		{name: "JSON as a part", contentType: "text/x-application/json", body: `{}`, status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: `Content-Type "text/x-application/json" is not allowed. ` + allJSON},
		{name: "control characters", contentType: "text/\x01", body: `{}`, status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: `Content-Type "text/\x01" is not allowed. ` + allJSON},
		{name: "malformed", contentType: "application/json", body: `{"a":`, status: 400, code: "BAD_REQUEST", message: "Invalid JSON in request body"},
		{name: "two values", contentType: "application/json", body: `{}{}`, status: 400, code: "BAD_REQUEST", message: "Invalid JSON in request body"},
		{name: "white space", contentType: "application/json", body: ` `, status: 400, code: "BAD_REQUEST", message: "Invalid JSON in request body"},
		{name: "form as JSON", contentType: "application/json", body: `a=1`, status: 400, code: "BAD_REQUEST", message: "Invalid JSON in request body"},
		{name: "nested too deeply", contentType: "application/json", body: strings.Repeat("[", 9) + strings.Repeat("]", 9), status: 400, code: "BAD_REQUEST", message: "Invalid JSON in request body"},
		{name: "as large as allowed", contentType: "application/json", body: `"` + strings.Repeat("x", 98) + `"`, want: `"` + strings.Repeat("x", 98) + `"`},
		{name: "too large", contentType: "application/json", body: `"` + strings.Repeat("x", 99) + `"`, status: 413, code: "PAYLOAD_TOO_LARGE", message: "The request body is larger than 100 bytes"},
	}
	for _, tt := range tests {
		for _, chunked := range []bool{false, true} {
			if chunked && tt.body == "" {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				var body io.Reader = strings.NewReader(tt.body)
				if chunked {
					body = io.MultiReader(body)
				}
				r := httptest.NewRequest(http.MethodPost, "/", body)
				r.Header.Set("Content-Type", tt.contentType)
				if tt.contentType == "" {
					r.Header.Del("Content-Type")
				}
				allowed := tt.allowed
				if allowed == nil {
					allowed = []string{mediaJSON}
				}
				v, raw, err := readBody(httptest.NewRecorder(), r, allowed, Config{MaxBodyBytes: 100, MaxJSONDepth: 8, MaxBodyElements: 100}, nil)
				wantError(t, err, tt.status, tt.code, tt.message)
				if got := string(v.JSON()); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if tt.want != "" && string(raw) != tt.body {
					t.Errorf("raw body %q, want %q", raw, tt.body)
				}
			})
		}
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestReadBodyBroken(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", brokenBody{})
	r.Header.Set("Content-Type", mediaJSON)
	_, _, err := readBody(httptest.NewRecorder(), r, []string{mediaJSON}, Config{MaxBodyBytes: 100, MaxBodyElements: 100}, nil)
	wantError(t, err, 400, "BAD_REQUEST", "The request body could not be read")
}

func objectJSON(o *document.Object) []byte { return document.Obj(o).JSON() }
