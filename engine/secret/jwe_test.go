package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/google/go-cmp/cmp"
)

const sessionSalt = "better-auth-session"

func TestBetterAuthJWE(t *testing.T) {
	v, s := loadVectors(t)
	want, err := document.Parse(v.SessionJWE.Payload, 0)
	if err != nil {
		t.Fatal(err)
	}
	exp, _ := want.Get("exp").Int()
	claims, err := s.OpenJWT(sessionSalt, v.SessionJWE.Cookie, time.Unix(exp-1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if !document.Obj(claims).Equal(want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(string(want.JSON()), string(document.Obj(claims).JSON())))
	}
	if _, err := s.OpenJWT(sessionSalt, v.SessionJWE.Cookie, time.Unix(exp, 0)); err != ErrTokenExpired {
		t.Errorf("at its end: %v", err)
	}
	if _, err := s.OpenJWT("better-auth-account", v.SessionJWE.Cookie, time.Unix(exp-1, 0)); err != ErrTokenInvalid {
		t.Errorf("with another salt: %v", err)
	}
}

// TestA256CBCHS512 checks the known answer of RFC 7518, appendix B.3.
func TestA256CBCHS512(t *testing.T) {
	decode := func(s string) []byte {
		b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key := make([]byte, jweKey)
	for i := range key {
		key[i] = byte(i)
	}
	const plain = "A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience"
	c := jweCipher{header: "The second principle of Auguste Kerckhoffs", key: key}
	iv := decode("1af38c2dc2b96ffdd86694092341bc04")
	wantText := decode(`4affaaadb78c31c5da4b1b590d10ffbd 3dd8d5d302423526912da037ecbcc7bd 822c301dd67c373bccb584ad3e9279c2
		e6d12a1374b77f077553df829410446b 36ebd97066296ae6427ea75c2e0846a1 1a09ccf5370dc80bfecbad28c73f09b3
		a3b75e662a2594410ae496b2e2e6609e 31e6e02cc837f053d21f37ff4f51950b be2638d09dd7a4930930806d0703b1f6`)
	wantTag := decode("4dd3b4c088a7f45c216839645b2012bf 2e6269a8c56a816dbc1b267761955bc5")
	text, tag := c.seal(iv, []byte(plain))
	if !bytes.Equal(text, wantText) || !bytes.Equal(tag, wantTag) {
		t.Errorf("text %x\ntag %x", text, tag)
	}
	if got, ok := c.open(iv, text, tag); !ok || string(got) != plain {
		t.Errorf("opened %q, %v", got, ok)
	}
}

func TestJWERoundTrip(t *testing.T) {
	old := Version{Version: 1, Value: "an-old-secret-Xn2w8QzR4tL0vB6mK1pY9"}
	current := Version{Version: 2, Value: "a-new-secret-Zq8w7e6r5t4y3u2i1o0pLk"}
	before, after, without := mustNew(t, old), mustNew(t, current, old), mustNew(t, current)
	for n := range 40 { // every length of the padding
		claims := document.NewObject(2).Set("exp", document.Int(100)).Set("x", document.Text(strings.Repeat("x", n)))
		token, err := before.SealJWT("s", claims)
		if err != nil {
			t.Fatal(err)
		}
		got, err := after.OpenJWT("s", token, time.Unix(99, 0))
		if err != nil || !document.Obj(got).Equal(document.Obj(claims)) {
			t.Fatalf("%d: %v, %v", n, got, err)
		}
		if _, err := without.OpenJWT("s", token, time.Unix(99, 0)); err != ErrTokenInvalid {
			t.Fatalf("without the version that sealed it: %v", err)
		}
	}
}

func TestJWERefuses(t *testing.T) {
	s := mustNew(t, Version{Value: "a-new-secret-Zq8w7e6r5t4y3u2i1o0pLk"})
	token, err := s.SealJWT("s", document.NewObject(1).Set("exp", document.Int(100)))
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(token, ".")
	with := func(i int, text string) string {
		changed := append([]string(nil), part...)
		changed[i] = text
		return strings.Join(changed, ".")
	}
	plain := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, bad := range map[string]string{
		"empty": "", "dots": "....", "four parts": strings.Join(part[:4], "."), "six parts": token + ".",
		"another header": with(0, plain), "an encrypted key": with(1, "AA"), "no vector": with(2, ""),
		"another vector": with(2, strings.Repeat("A", 22)), "no text": with(3, ""), "half a block": with(3, part[3][:10]),
		"another text": with(3, strings.Repeat("A", len(part[3]))), "no tag": with(4, ""), "half a tag": with(4, part[4][:20]),
		"another tag": with(4, strings.Repeat("A", 43)), "line break": with(3, part[3]+"\n"), "huge": with(3, strings.Repeat("A", MaxTokenBytes)),
	} {
		if _, err := s.OpenJWT("s", bad, time.Unix(1, 0)); err != ErrTokenInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.SealJWT("s", document.NewObject(1).Set("x", document.Text(strings.Repeat("x", MaxTokenBytes)))); err == nil {
		t.Error("a token that no cookie holds was made")
	}
}

func FuzzOpenJWT(f *testing.F) {
	s, err := New([]Version{{Value: "a-new-secret-Zq8w7e6r5t4y3u2i1o0pLk"}})
	if err != nil {
		f.Fatal(err)
	}
	token, err := s.SealJWT("s", document.NewObject(1).Set("exp", document.Int(100)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("....")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.OpenJWT("s", text, time.Unix(1, 0)); err == nil && text != token {
			t.Errorf("%q opens", text)
		}
	})
}
