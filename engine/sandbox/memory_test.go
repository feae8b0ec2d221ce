package sandbox

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestRegion writes to random places, lets the region grow, and restores it,
// in every way that the system has.
func TestRegion(t *testing.T) {
	const pages, max = 3, 10
	content := make([]byte, pages*pageSize)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(content); i += 5000 {
		content[i] = byte(rnd.Uint32())
	}
	img, err := newImage(content)
	if err != nil {
		t.Fatal(err)
	}
	defer img.free()
	scan := newScanner()
	defer scan.close()
	for name, sc := range map[string]*scanner{"asking the kernel": scan, "not asking": nil} {
		r, err := newRegion(max * pageSize)
		if err != nil {
			t.Fatal(err)
		}
		defer r.free()
		if _, err := r.bytes(uint64(len(content))); err != nil {
			t.Fatal(err)
		}
		if err := r.adopt(img); err != nil {
			t.Fatal(err)
		}
		for round := range 200 {
			size := uint64(pages+rnd.IntN(max-pages+1)) * pageSize
			memory, err := r.bytes(size)
			if err != nil {
				t.Fatal(err)
			}
			for range rnd.IntN(1 + round*2) {
				memory[rnd.IntN(len(memory))] ^= 0xff
			}
			if round%50 == 49 {
				if err := r.trim(); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.restore(size, sc); err != nil {
				t.Fatal(err)
			}
			if memory, _ = r.bytes(max * pageSize); !bytes.Equal(memory[:len(content)], content) {
				t.Fatalf("%s, round %d: the image did not come back", name, round)
			}
			if !isZeroAll(memory[len(content):]) {
				t.Fatalf("%s, round %d: grown memory is not zero", name, round)
			}
		}
	}
	if !bytes.Equal(img.view, content) {
		t.Error("the image changed")
	}
}

func isZeroAll(b []byte) bool {
	for ; len(b) > 0; b = b[len(zeroPage):] {
		if !isZero(b[:len(zeroPage)]) {
			return false
		}
	}
	return true
}
