package wasmbin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Names of the exports that Rewrite adds. A module that exports such a name
// itself is not admitted.
const (
	reserved    = "sandbox:"
	ExportMeter = reserved + "meter" // mutable i64: stack left, and fuel left in this slice, see Meter
	ExportTank  = reserved + "tank"  // mutable i64: fuel left for further slices
	ExportStart = reserved + "start" // the start function, if there was one
	exportState = reserved + "state" // and an index: a mutable global
)

// RewriteOptions say what Rewrite does beside metering.
type RewriteOptions struct {
	// Image removes active data segments and the start function, so that
	// instantiating a clone costs nothing; Rewritten has both, for the
	// embedder to apply once. It also puts MaxPages and one page more for
	// the embedder's own use as the maximum of the memory.
	Image    bool
	MaxPages uint32
	// Stack and Tank are initial values of the counters. With zero, no guest
	// code runs before the embedder has set them.
	Stack, Tank int64
}

// Rewritten is a module that meters itself.
type Rewritten struct {
	Wasm []byte
	// State names the exports of the module's own mutable globals.
	State []string
	// Data are the active segments that were removed, with their addresses.
	Data []Placed
	// Start tells that ExportStart exists.
	Start bool
	// Pages is the memory's minimum.
	Pages uint32
	// MaxPages is the memory's maximum, the embedder's page not counted.
	MaxPages uint32
	// WhyNot says why instances cannot be put back into an earlier state by
	// restoring memory and State; empty if they can.
	WhyNot string
}

// Placed is a data segment with its address.
type Placed struct {
	Address uint32
	Data    []byte
}

var (
	errReserved = errors.New("export name begins with " + strconv.Quote(reserved))
	errOffset   = errors.New("address of a data segment is not a constant")
)

// rewriter holds what the passes over functions share.
type rewriter struct {
	m       *Module
	types   []FuncType        // appended ones included
	blocks  map[string]uint32 // the appended types
	meter   uint32            // indices of the globals
	tank    uint32
	refill  uint32 // index of the function
	signal  uint32 // index of its type
	fn      function
	typing  *typing
	mutates bool
	drops   []uint32
}

// Rewrite returns a copy of m that counts fuel and stack, exports its state,
// and otherwise behaves as m does. Code that does not decode is refused;
// what decodes is left to the compiler to validate.
func Rewrite(m *Module, opt RewriteOptions) (*Rewritten, error) {
	globals := m.imported(KindGlobal) + len(m.Globals)
	rw := &rewriter{
		m:      m,
		types:  m.Types[:len(m.Types):len(m.Types)],
		blocks: map[string]uint32{},
		meter:  uint32(globals),
		tank:   uint32(globals) + 1,
		refill: uint32(m.imported(KindFunc) + len(m.Funcs)),
		typing: newTyping(m),
	}
	rw.signal = rw.typeIndex(FuncType{})
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, reserved) {
			return nil, &FormatError{Offset: m.Size, Part: sectionNames[secExport], Err: errReserved}
		}
	}
	code, err := rw.code()
	if err != nil {
		return nil, err
	}
	out := &Rewritten{Start: opt.Image && m.Start != nil}
	out.WhyNot = rw.whyNot()
	if len(m.Memory) > 0 {
		out.Pages, out.MaxPages = m.Memory[0].Min, m.maxPages(opt)
	}
	data := m.raw[secData]
	if opt.Image {
		if data, err = rw.placeData(out); err != nil {
			return nil, err
		}
	}
	out.Wasm = rw.assemble(opt, out, code, data)
	return out, nil
}

// maxPages is the bound that memory keeps.
func (m *Module) maxPages(opt RewriteOptions) uint32 {
	mem := m.Memory[0]
	if mem.HasMax {
		return min(mem.Max, opt.MaxPages)
	}
	return opt.MaxPages
}

// assemble puts the sections together.
func (rw *rewriter) assemble(opt RewriteOptions, out *Rewritten, code, data []byte) []byte {
	m := rw.m
	b := make([]byte, 0, m.Size+len(code)/2)
	b = append(b, "\x00asm\x01\x00\x00\x00"...)
	section := func(id byte, body []byte) {
		if len(body) > 0 {
			b = appendSection(b, id, body)
		}
	}
	section(secType, rw.typeSection())
	section(secImport, m.raw[secImport])
	section(secFunction, rw.functionSection())
	section(secTable, rw.tableSection())
	section(secMemory, rw.memorySection(opt))
	section(secGlobal, rw.globalSection(opt))
	section(secExport, rw.exportSection(out))
	if !opt.Image {
		section(secStart, m.raw[secStart])
	}
	section(secElement, m.raw[secElement])
	if len(data) > 0 {
		section(secDataCount, m.raw[secDataCount])
	}
	section(secCode, code)
	section(secData, data)
	section(secCustom, m.functionNames())
	return b
}

func (rw *rewriter) typeSection() []byte {
	b := appendU(nil, uint64(len(rw.types)))
	for _, t := range rw.types {
		b = appendTypes(append(b, 0x60), t.Params)
		b = appendTypes(b, t.Results)
	}
	return b
}

// typeIndex returns the index of a signature, which it adds if need be.
func (rw *rewriter) typeIndex(t FuncType) uint32 {
	key := t.String()
	i, ok := rw.blocks[key]
	if !ok {
		i = uint32(len(rw.types))
		rw.blocks[key] = i
		rw.types = append(rw.types, t)
	}
	return i
}

// functionSection adds the function that refills the fuel.
func (rw *rewriter) functionSection() []byte {
	b := appendU(nil, uint64(len(rw.m.Funcs)+1))
	for _, t := range rw.m.Funcs {
		b = appendU(b, uint64(t))
	}
	return appendU(b, uint64(rw.signal))
}

// counters is the number of globals that globalSection adds.
const counters = 2

// tableSection gives every table a maximum.
func (rw *rewriter) tableSection() []byte {
	if len(rw.m.Tables) == 0 {
		return nil
	}
	b := appendU(nil, uint64(len(rw.m.Tables)))
	for _, t := range rw.m.Tables {
		l := t.Limits
		if !l.HasMax || l.Max > rw.m.lim.TableEntries {
			l.HasMax, l.Max = true, rw.m.lim.TableEntries
		}
		b = appendLimits(append(b, byte(t.Type)), l)
	}
	return b
}

func (rw *rewriter) memorySection(opt RewriteOptions) []byte {
	if len(rw.m.Memory) == 0 {
		return nil
	}
	l := rw.m.Memory[0]
	if opt.Image {
		l.HasMax, l.Max = true, rw.m.maxPages(opt)+1
	}
	return appendLimits([]byte{1}, l)
}

// globalSection adds the counters.
func (rw *rewriter) globalSection(opt RewriteOptions) []byte {
	b := appendU(nil, uint64(len(rw.m.Globals)+counters))
	for _, g := range rw.m.Globals {
		mutable := byte(0)
		if g.Mutable {
			mutable = 1
		}
		b = append(append(b, byte(g.Type), mutable), g.Init...)
	}
	for _, initial := range [counters]int64{int64(Meter(opt.Stack, 0)), opt.Tank} {
		b = append(appendS(append(b, byte(I64), 1, opI64Const), initial), opEnd)
	}
	return b
}

// exportSection adds the counters, the state and the start function.
func (rw *rewriter) exportSection(out *Rewritten) []byte {
	b := []byte(nil)
	n := 0
	add := func(name string, kind Kind, index uint32) {
		b = appendU(append(appendName(b, name), byte(kind)), uint64(index))
		n++
	}
	for _, e := range rw.m.Exports {
		add(e.Name, e.Kind, e.Index)
	}
	add(ExportMeter, KindGlobal, rw.meter)
	add(ExportTank, KindGlobal, rw.tank)
	first := rw.m.imported(KindGlobal)
	for i, g := range rw.m.Globals {
		if g.Mutable {
			name := exportState + strconv.Itoa(i)
			out.State = append(out.State, name)
			add(name, KindGlobal, uint32(first+i))
		}
	}
	if out.Start {
		add(ExportStart, KindFunc, *rw.m.Start)
	}
	return append(appendU(nil, uint64(n)), b...)
}

// placeData takes the active data segments out. Those that instructions can
// name stay as empty ones, which is what an active segment is after it was
// applied.
func (rw *rewriter) placeData(out *Rewritten) ([]byte, error) {
	m := rw.m
	b := appendU(nil, uint64(len(m.Data)))
	for _, s := range m.Data {
		if s.Offset == nil {
			b = appendU(append(b, 1), uint64(len(s.Data)))
			b = append(b, s.Data...)
			continue
		}
		r := &reader{b: s.Offset}
		if r.byte() != opI32Const {
			return nil, &FormatError{Offset: m.Size, Part: sectionNames[secData], Err: errOffset}
		}
		out.Data = append(out.Data, Placed{Address: uint32(r.i32()), Data: s.Data})
		b = append(b, 1, 0)
	}
	if !m.dataCount {
		return nil, nil
	}
	return b, nil
}

// whyNot collects what memory and globals cannot bring back.
func (rw *rewriter) whyNot() string {
	if rw.mutates {
		return "it changes tables"
	}
	for _, d := range rw.drops {
		if uint64(d) < uint64(len(rw.m.Data)) && rw.m.Data[d].Offset == nil {
			return "it drops data segments"
		}
	}
	for i, g := range rw.m.Globals {
		if g.Mutable && g.Type != I32 && g.Type != I64 && g.Type != F32 && g.Type != F64 {
			return fmt.Sprintf("global %d is mutable and of type %v", i, g.Type)
		}
	}
	return ""
}

// functionNames returns the names of functions as a custom section, so that
// traps can tell where they happened. Names that are malformed are left out:
// they are no part of the program.
func (m *Module) functionNames() []byte {
	raw, ok := m.CustomSection("name")
	if !ok {
		return nil
	}
	r := &reader{b: raw}
	for r.rest() > 0 {
		id, sub := r.byte(), r.sub(r.u32())
		if r.err != nil {
			return nil
		}
		if id != 1 {
			continue
		}
		n := sub.count(2)
		for range n {
			sub.u32()
			sub.name()
		}
		if sub.err != nil || sub.rest() > 0 || n == 0 {
			return nil
		}
		b := appendName(nil, "name")
		b = appendU(append(b, 1), uint64(len(sub.b)))
		return append(b, sub.b...)
	}
	return nil
}
