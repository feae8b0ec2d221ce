package sandbox

import "sync"

// maxSpares bounds the regions that a module keeps without an instance.
const maxSpares = 16

// spares are regions of clones that were given up, put back into the state of
// the image: mapping a new one costs more than all else about a small clone.
type spares struct {
	img  *image
	scan *scanner

	mu     sync.Mutex
	free   []*region
	closed bool
}

// get returns a region that holds the image, of max bytes if it is a new one.
func (s *spares) get(max uint64) (*region, error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		r := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return r, nil
	}
	s.mu.Unlock()
	r, err := newRegion(max)
	if err != nil {
		return nil, err
	}
	if err := r.adopt(s.img); err != nil {
		r.free()
		return nil, err
	}
	return r, nil
}

// put takes a region that had grown to size bytes. It reports false if the
// caller has to free it.
func (s *spares) put(r *region, size uint64) bool {
	if r.restore(size, s.scan) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.free) >= maxSpares {
		return false
	}
	s.free = append(s.free, r)
	return true
}

// drain frees the spare regions, for good with close.
func (s *spares) drain(close bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.free {
		r.free()
	}
	s.free, s.closed = nil, s.closed || close
}
