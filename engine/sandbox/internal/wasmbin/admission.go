package wasmbin

import "fmt"

// Admission are the bounds that a module must keep. They are checked before
// any other reader of the format sees the bytes, because compilers allocate
// for what a binary claims. A zero member admits nothing of its kind.
type Admission struct {
	Bytes        int    // size of the binary
	Types        int    // entries of the type section
	Params       int    // parameters, and results, of one type
	Imports      int    // entries of the import section
	Funcs        int    // functions that are not imported
	Locals       uint32 // locals of one function, parameters not counted
	BodyBytes    int    // code of one function
	Nesting      int    // blocks within blocks in one function
	BranchTable  int    // targets of one br_table
	Edges        int    // branches back to one loop: compilers take their square in time
	Tables       int    // tables
	TableEntries uint32 // entries of one table; its maximum is set to this when it has none
	MemoryPages  uint32 // linear memory; its maximum is set to this when it has none
	Globals      int    // globals
	Exports      int    // entries of the export section
	Elements     int    // element segments
	Data         int    // data segments
	Customs      int    // custom sections
	NameBytes    int    // one import or export name
}

// DefaultAdmission are bounds that leave large programs in, and leave out
// what makes compilers slow.
func DefaultAdmission() Admission {
	return Admission{
		Bytes:        32 << 20,
		Types:        20_000,
		Params:       128,
		Imports:      1_000,
		Funcs:        100_000,
		Locals:       20_000,
		BodyBytes:    512 << 10,
		Nesting:      2_000,
		BranchTable:  20_000,
		Edges:        4_000,
		Tables:       16,
		TableEntries: 200_000,
		MemoryPages:  1_024,
		Globals:      10_000,
		Exports:      10_000,
		Elements:     20_000,
		Data:         100_000,
		Customs:      256,
		NameBytes:    512,
	}
}

// LimitError says which bound a module does not keep.
type LimitError struct {
	What       string
	Got, Limit uint64
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%d %s, the limit is %d", e.Got, e.What, e.Limit)
}

// check returns a LimitError if got is larger than limit.
func check(what string, got, limit uint64) error {
	if got > limit {
		return &LimitError{What: what, Got: got, Limit: limit}
	}
	return nil
}
