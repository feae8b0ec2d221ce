//go:build !linux || sandbox_portable

package sandbox

// image is the memory of a module right after initialisation.
type image struct{ view []byte }

// newImage keeps a copy of memory.
func newImage(memory []byte) (*image, error) {
	return &image{view: append([]byte(nil), memory...)}, nil
}

func (img *image) free() {}

// region is the address space of one linear memory. Without copy-on-write
// mappings it is a slice that moves when it grows; wazero follows.
type region struct {
	all []byte
	img *image
}

// newRegion makes an empty region; max is for systems that reserve.
func newRegion(uint64) (*region, error) { return &region{}, nil }

// bytes returns the first n bytes.
func (r *region) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(r.all)) {
		grown := make([]byte, n)
		copy(grown, r.all)
		r.all = grown
	}
	return r.all[:n:n], nil
}

// adopt replaces the start of the region by an image.
func (r *region) adopt(img *image) error {
	r.img = img
	memory, err := r.bytes(uint64(len(img.view)))
	copy(memory, img.view)
	return err
}

// restore brings the image back after the memory had grown to size bytes.
func (r *region) restore(size uint64, _ *scanner) error {
	copy(r.all, r.img.view)
	if n := uint64(len(r.img.view)); size > n {
		clear(r.all[n:size])
	}
	return nil
}

// trim gives memory back where the system can take it.
func (r *region) trim() error { return nil }

// free lets the memory go.
func (r *region) free() { r.all = nil }

// scanner is what knows written pages elsewhere.
type scanner struct{}

func newScanner() *scanner { return nil }

func (*scanner) close() {}
