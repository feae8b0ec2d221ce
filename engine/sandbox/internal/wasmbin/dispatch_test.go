package wasmbin

import (
	"context"
	"math/rand/v2"
	"testing"

	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// jumps makes a module with one function that is a dispatching loop, as bytes
// tell. It counts the basic blocks that it runs, and returns after a hundred.
func jumps(p []byte) []byte {
	next := func(n int) int {
		if len(p) == 0 {
			return 0
		}
		c := int(p[0])
		p = p[1:]
		return c % n
	}
	var m w.Builder
	m.Memory(1, 1)
	g := m.Global('i', w.I32(0))
	leaf := m.Func("i>i", "", w.Get(0), w.I32(31), w.I32Mul)
	const number, steps, hash = 0, 1, 2
	blocks := 1 + next(8)
	// labels from the innermost: the blocks, the loop, and the block around it
	table := []byte{0x0e}
	entries := 1 + next(12)
	table = append(table, w.U(uint64(entries))...)
	for range entries + 1 {
		label := next(blocks + 1)
		if label == blocks {
			label++ // not the loop, which would go on forever
		}
		table = append(table, byte(label))
	}
	code := w.Cat(w.Get(number), table)
	for b := range blocks {
		open := blocks - 1 - b // blocks around this code
		loop := open
		body := w.Cat(
			w.Get(hash), w.I32(int32(b+1)), w.I32Add, w.Call(leaf), w.Set(hash),
			w.Get(steps), w.I32(1), w.I32Add, w.Tee(steps), w.I32(100), w.I32GeU, w.If(w.Get(hash), w.Return))
		for range next(4) {
			jump := func(depth int) []byte {
				to := w.I32(int32(next(entries+3)) - 1)
				switch next(6) {
				case 0: // not where a constant says
					return w.Cat(w.Get(hash), w.I32(int32(entries+1)), w.I32RemU, w.Set(number), w.Br(uint32(loop+depth)))
				case 1: // something in between
					return w.Cat(to, w.Set(number), w.Get(hash), w.GSet(g), w.Br(uint32(loop+depth)))
				case 2: // another local
					return w.Cat(to, w.Set(hash), w.Br(uint32(loop+depth)))
				default:
					return w.Cat(to, w.Set(number), w.Br(uint32(loop+depth)))
				}
			}
			switch next(4) {
			case 0:
				body = append(body, jump(0)...)
			case 1: // in another block
				body = append(body, w.Block(w.Get(hash), w.BrIf(0), jump(1))...)
			default:
				body = append(body, w.Cat(w.Get(hash), w.I32(int32(1+next(5))), w.I32RemU, w.If(jump(1)))...)
			}
		}
		code = w.Cat([]byte{0x02, 0x40}, code, w.End, body)
	}
	kept := w.Block(w.Loop(code))
	if next(2) == 1 { // within another loop
		kept = w.Loop(kept, w.Get(steps), w.I32(1), w.I32Add, w.Tee(steps), w.I32(90), w.I32LtU, w.BrIf(0))
	}
	m.Export("run", m.Func("iii>i", "", kept, w.Get(hash), w.GGet(g), w.I32Add))
	return m.Bytes()
}

// FuzzJumps compares dispatching loops with their rewritten selves.
func FuzzJumps(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		seed := make([]byte, 100)
		for i := range seed {
			seed[i] = byte(rnd.Uint32())
		}
		f.Add(seed)
	}
	ctx := context.Background()
	f.Fuzz(func(t *testing.T, p []byte) {
		differ, fault, err := compare(ctx, jumps(p))
		if err != nil || differ != "" && !fault {
			t.Errorf("%s, %v", differ, err)
		}
	})
}

// TestJumpsAhead checks that jumps are replaced where the table leads ahead.
func TestJumpsAhead(t *testing.T) {
	jump := func(n int32, label uint32) []byte { return w.Cat(w.I32(n), w.Set(0), w.Br(label)) }
	table := []byte{0x0e, 2, 0, 1, 2}
	open := []byte{0x02, 0x40}
	var m w.Builder
	m.Func("i>", "", w.Loop(open, open, open, w.Get(0), table, w.End,
		jump(2, 2), w.End, // to the third block
		jump(0, 1), w.End, // back to the first
		jump(-1, 0), // to the default, which is here
	))
	parsed, err := Parse(m.Bytes(), DefaultAdmission())
	if err != nil {
		t.Fatal(err)
	}
	var fn function
	if err := fn.analyze(&parsed.Bodies[0], parsed.spaces(), 1, &parsed.lim); err != nil {
		t.Fatal(err)
	}
	var got [2]int
	for _, e := range fn.edits {
		switch e.kind {
		case editThread:
			got[0]++
			if e.arg != 1 {
				t.Errorf("a jump ahead leads to label %d, want 1", e.arg)
			}
		case editBack:
			got[1]++
		}
	}
	if got != [2]int{1, 2} || fn.loops[0].edges != 2 || fn.cost(&fn.loops[0]) != 0 {
		t.Errorf("%d ahead, %d back, %+v", got[0], got[1], fn.loops[0])
	}
}
