package secret_test

import (
	"encoding/hex"
	"testing"

	"github.com/authhost/authhost/engine/secret"
)

// TestHash has the digests of "abc" from FIPS 180-4 and of the team that made
// Keccak.
func TestHash(t *testing.T) {
	for name, want := range map[string]string{
		"SHA-1":      "a9993e364706816aba3e25717850c26c9cd0d89d",
		"SHA-256":    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"SHA-384":    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
		"SHA-512":    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"Keccak-256": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
	} {
		newHash, ok := secret.Hash(name)
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		h := newHash()
		h.Write([]byte("abc"))
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for _, name := range []string{"", "MD5", "sha-256", "SHA3-256"} {
		if _, ok := secret.Hash(name); ok {
			t.Errorf("there is a hash function %q", name)
		}
	}
}
