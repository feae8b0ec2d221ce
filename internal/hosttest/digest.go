package hosttest

import "github.com/authhost/authhost/pluginapi"

// abcDigests are the SHA-256 digest of "abc" (FIPS 180-4, appendix B) in each
// encoding.
var abcDigests = map[string]string{
	"hex":       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	"base64":    "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
	"base64url": "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
}

// hashDigests are digests of "abc" by other functions: those of FIPS 180-4, and
// of the team that made Keccak.
var hashDigests = map[string]string{
	pluginapi.HashSHA1:   "a9993e364706816aba3e25717850c26c9cd0d89d",
	pluginapi.HashSHA256: abcDigests["hex"],
	pluginapi.HashSHA384: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
	pluginapi.HashSHA512: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd" +
		"454d4423643ce80e2a9ac94fa54ca49f",
	pluginapi.HashKeccak256: "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
}

// jefe is the key of RFC 4231, section 4.3, in base64url; jefeMACs are what it
// and RFC 2202, section 3, give for jefeData.
const jefe, jefeData = "SmVmZQ", "what do ya want for nothing?"

var jefeMACs = map[string]string{
	pluginapi.HashSHA1:   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	pluginapi.HashSHA256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	pluginapi.HashSHA384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
	pluginapi.HashSHA512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd" +
		"caeab1a34d4a6b4b636e070a38bce737",
}

// digestCases are those of the functions of crypto that hash.
var digestCases = table{
	"crypto.digest": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			digest := func(args object) any { return g.do("crypto.digest", args).at("digest") }
			for encoding, want := range abcDigests {
				t.want(encoding, digest(object{"value": "abc", "encoding": encoding}), want)
			}
			t.want("without an encoding", digest(object{"value": "abc"}), abcDigests["base64url"])
			for hash, want := range hashDigests {
				t.want(hash, digest(object{"value": "abc", "algorithm": hash, "encoding": "hex"}), want)
			}
			for encoding, abc := range map[string]string{"utf8": "abc", "base64url": "YWJj", "base64": "YWJj", "hex": "616263"} {
				t.want("a value in "+encoding, digest(object{"value": abc, "valueEncoding": encoding, "encoding": "hex"}), abcDigests["hex"])
			}
			// Bytes that are no text; and more than a block of each function.
			t.want("bytes", digest(object{"value": "_-8", "valueEncoding": "base64url"}), digest(object{"value": "ffef", "valueEncoding": "hex"}))
			t.want("a long value", digest(object{"value": string(make([]byte, 1000)), "algorithm": pluginapi.HashKeccak256, "encoding": "hex"}),
				"ae72e2bf2302ebcd309e003e5be58830f96deddaf87bb89eeea159388bfe3ec1")
			for _, bad := range []object{
				{"value": "YWI=", "valueEncoding": "base64url"}, {"value": "YWJ", "valueEncoding": "base64url"}, {"value": "YQ", "valueEncoding": "base64"}, {"value": "abc", "valueEncoding": "hex"},
			} {
				g.refused("crypto.digest", bad, pluginapi.StatusInvalid, "")
			}
		})
	},
	"crypto.hmac": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			mac := func(args object) string {
				t.Helper()
				return g.do("crypto.hmac", with(args, "value", jefeData)).text("mac")
			}
			want := jefeMACs[pluginapi.HashSHA256]
			t.want("with a secret", mac(object{"secret": "jefe", "encoding": "hex"}), want)
			t.want("with a secret in base64", mac(object{"secret": "signingSecret", "key": "base64", "encoding": "hex"}), want)
			for hash, want := range jefeMACs {
				t.want("with a key and "+hash, mac(object{"keyBytes": jefe, "algorithm": hash, "encoding": "hex"}), want)
				t.want("with a secret and "+hash, mac(object{"secret": "jefe", "algorithm": hash, "encoding": "hex"}), want)
			}
			seal := func(key string) object {
				return object{"purpose": "test", "sealed": g.do("crypto.seal", object{"purpose": "test", "value": key}).text("sealed")}
			}
			t.want("with a sealed key", mac(object{"sealedKey": seal("Jefe"), "encoding": "hex"}), want)
			t.want("with a sealed key in base64", mac(object{"sealedKey": seal("whsec_SmVmZQ=="), "key": "base64", "encoding": "hex"}), want)
			t.want("of bytes", g.do("crypto.hmac", object{"keyBytes": jefe, "value": "_-8", "valueEncoding": "base64url"}).text("mac"),
				g.do("crypto.hmac", object{"keyBytes": jefe, "value": "ffef", "valueEncoding": "hex"}).text("mac"))
			a, b := mac(object{"purpose": "test"}), mac(object{"purpose": "other"})
			if a == b || a != mac(object{"purpose": "test"}) || a != mac(object{"purpose": "test", "algorithm": pluginapi.HashSHA256}) {
				t.Errorf("with keys of the host's: got %s and %s", a, b)
			}
			for _, bad := range []object{
				{"secret": "nothing"}, {"secret": "other", "key": "base64"}, {"purpose": "test", "algorithm": pluginapi.HashSHA512}, {"keyBytes": "=="},
				{"keyBytes": jefe, "valueEncoding": "hex"}, {"sealedKey": seal("")}, {"sealedKey": seal("?"), "key": "base64"},
			} {
				g.refused("crypto.hmac", with(bad, "value", "x"), pluginapi.StatusInvalid, "")
			}
			g.refused("crypto.hmac", object{"sealedKey": with(seal("x"), "purpose", "other"), "value": "x"}, pluginapi.StatusInvalid, "invalid")
			g.refused("crypto.hmac", object{"sealedKey": with(seal("x"), "purpose", "unasked"), "value": "x"}, pluginapi.StatusDenied, "")
			g.refused("crypto.hmac", object{"purpose": "unasked", "value": "x"}, pluginapi.StatusDenied, "")
		})
	},
}
