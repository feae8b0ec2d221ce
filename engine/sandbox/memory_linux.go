//go:build !sandbox_portable

package sandbox

import (
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// image is the memory of a module right after initialisation, in a sealed
// memfd that clones map copy-on-write.
type image struct {
	fd   int
	view []byte // the image, read-only
}

// hostPage is the unit in which zero pages are left out of an image.
const hostPage = 4096

// newImage keeps a copy of memory.
func newImage(memory []byte) (*image, error) {
	fd, err := unix.MemfdCreate("sandbox-image", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	img := &image{fd: fd}
	if err := img.fill(memory); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return img, nil
}

func (img *image) fill(memory []byte) error {
	if err := unix.Ftruncate(img.fd, int64(len(memory))); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	for at := 0; at < len(memory); at += hostPage {
		page := memory[at : at+hostPage]
		if isZero(page) {
			continue // a hole of the file reads as zeros and takes no memory
		}
		if _, err := unix.Pwrite(img.fd, page, int64(at)); err != nil {
			return os.NewSyscallError("pwrite", err)
		}
	}
	seals := unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(img.fd), unix.F_ADD_SEALS, seals); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if len(memory) == 0 {
		return nil
	}
	view, err := unix.Mmap(img.fd, 0, len(memory), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	img.view = view
	return nil
}

func (img *image) free() {
	if img.view != nil {
		_ = unix.Munmap(img.view)
	}
	_ = unix.Close(img.fd)
}

// region is the address space of one linear memory: reserved whole, so that
// memory never moves, and accessible as far as it has grown.
type region struct {
	all  []byte
	open uint64 // bytes that are accessible
	img  *image // mapped at the start, or nil
}

// newRegion reserves max bytes.
func newRegion(max uint64) (*region, error) {
	if max == 0 {
		return &region{}, nil
	}
	all, err := unix.Mmap(-1, 0, int(max), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return &region{all: all}, nil
}

// bytes makes the first n bytes accessible and returns them.
func (r *region) bytes(n uint64) ([]byte, error) {
	if n > r.open {
		if err := unix.Mprotect(r.all[r.open:n], unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return nil, os.NewSyscallError("mprotect", err)
		}
		r.open = n
	}
	return r.all[:n:n], nil
}

// adopt replaces the start of the region by an image.
func (r *region) adopt(img *image) error {
	n := len(img.view)
	if n > 0 {
		if err := mapAt(r.all[:n], unix.PROT_READ|unix.PROT_WRITE, 0, img.fd); err != nil {
			return err
		}
	}
	r.img, r.open = img, max(r.open, uint64(n))
	return nil
}

// maxKept bounds the private pages, of 4 KiB, that a region keeps from one
// use to the next. Copying a page back costs a tenth of the page fault that
// follows when it is given back.
const maxKept = 96

// restore brings the image back after the memory had grown to size bytes.
func (r *region) restore(size uint64, sc *scanner) error {
	n := uint64(len(r.img.view))
	if size > n {
		if err := unix.Madvise(r.all[n:size], unix.MADV_DONTNEED); err != nil {
			return os.NewSyscallError("madvise", err)
		}
	}
	if n == 0 {
		return nil
	}
	copyBack := func(d span) { copy(r.all[d.start:d.end], r.img.view[d.start:d.end]) }
	if sc.dirty(r.all[:n], copyBack) {
		return nil
	}
	if err := unix.Madvise(r.all[:n], unix.MADV_DONTNEED); err != nil {
		return os.NewSyscallError("madvise", err)
	}
	return nil
}

// trim gives back every private page of a region that was restored, and, by
// reserving it anew, the kernel's tables of them. If the system has no memory
// for that, everything stays as it is, or the next use of the region fails.
func (r *region) trim() error {
	if len(r.all) == 0 {
		return nil
	}
	if err := mapAt(r.all, unix.PROT_NONE, unix.MAP_ANON, -1); err != nil {
		return err
	}
	r.open = 0
	return r.adopt(r.img)
}

// mapAt replaces the mapping of a part of a region.
func mapAt(part []byte, prot, flags uintptr, fd int) error {
	_, _, errno := unix.Syscall6(unix.SYS_MMAP, uintptr(unsafe.Pointer(unsafe.SliceData(part))), uintptr(len(part)),
		prot, flags|unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE, uintptr(fd), 0)
	if errno != 0 {
		return os.NewSyscallError("mmap", errno)
	}
	return nil
}

// free unmaps the region. No code may run in it any more.
func (r *region) free() {
	if r.all != nil {
		_ = unix.Munmap(r.all)
		r.all, r.open = nil, 0
	}
}

// scanner asks the kernel which pages of a region are private, that is,
// written to since they were mapped. It is nil where the kernel cannot tell.
type scanner struct {
	pagemap *os.File
	fd      uintptr
	args    sync.Pool // of *scanArgs, which the kernel writes to
}

// newScanner returns nil if the kernel has no PAGEMAP_SCAN (Linux 6.7).
func newScanner() *scanner {
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return nil
	}
	s := &scanner{pagemap: f, fd: f.Fd(), args: sync.Pool{New: func() any { return new(scanArgs) }}}
	probe, err := unix.Mmap(-1, 0, 2*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		s.close()
		return nil
	}
	defer func() { _ = unix.Munmap(probe) }()
	probe[os.Getpagesize()] = 1
	var found []span
	ok := s.dirty(probe, func(d span) { found = append(found, d) })
	if !ok || len(found) != 1 || found[0] != (span{os.Getpagesize(), 2 * os.Getpagesize()}) {
		s.close()
		return nil
	}
	return s
}

func (s *scanner) close() {
	if s != nil {
		_ = s.pagemap.Close()
	}
}

// span is a part of a region.
type span struct{ start, end int }

// The kernel's interface of PAGEMAP_SCAN, include/uapi/linux/fs.h.
type (
	pageRegion struct{ start, end, categories uint64 }
	scanArg    struct {
		size, flags, start, end, walkEnd uint64
		vec                              uintptr
		vecLen, maxPages                 uint64
		inverted, mask, anyof, returned  uint64
	}
	// scanArgs is on the heap, where it does not move: arg points to vec.
	scanArgs struct {
		arg scanArg
		vec [maxSpans]pageRegion
	}
)

const (
	pagemapScan   = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	pageIsFile    = 1 << 2
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4
	maxSpans      = 64
)

// dirty calls visit for the spans of private pages in memory. It visits none
// and reports false if they are too many to be worth keeping, or if the
// kernel does not say.
func (s *scanner) dirty(memory []byte, visit func(span)) bool {
	if s == nil {
		return false
	}
	a := s.args.Get().(*scanArgs)
	defer s.args.Put(a)
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
	a.arg = scanArg{
		size:  uint64(unsafe.Sizeof(a.arg)),
		start: base, end: base + uint64(len(memory)),
		vec: uintptr(unsafe.Pointer(&a.vec[0])), vecLen: maxSpans, maxPages: maxKept + 1,
		// Not of a file, and in memory or swapped out: the copy in copy-on-write.
		inverted: pageIsFile, mask: pageIsFile, anyof: pageIsPresent | pageIsSwapped, returned: pageIsPresent,
	}
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, s.fd, pagemapScan, uintptr(unsafe.Pointer(&a.arg)))
	if errno != 0 || a.arg.walkEnd != a.arg.end {
		return false
	}
	for _, v := range a.vec[:n] {
		visit(span{int(v.start - base), int(v.end - base)})
	}
	return true
}
