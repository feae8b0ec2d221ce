package importer

import "fmt"

// Report is what a run found and did.
type Report struct {
	Source, Tenant string
	DryRun         bool
	Tables         []*TableReport
	Problems       []*Problem
	Notes          []string
	// LeftOut are tables of Better Auth's that nothing takes over.
	LeftOut []LeftOut
	// Others counts tables that are not Better Auth's.
	Others int
	// Unsealed counts values that the tenant's secret has opened: that proves
	// that it is the application's.
	Unsealed int64
	// Verified counts records that were read back and compared after writing.
	Verified int64
}

// TableReport counts what becomes, or became, of the rows of one table.
type TableReport struct {
	Table, Model string
	Rows         int64
	New          int64
	Changed      int64
	Unchanged    int64
	Kept         int64 // changed in the tenant since: left alone
	Expired      int64 // sessions and verifications whose time is over
	Unclaimed    int64 // verifications that no plugin looks for
	Refused      int64 // rows with problems
	Pruned       int64 // records of the tenant that the source does not have
}

// stored is how many rows the tenant has afterwards.
func (t *TableReport) stored() int64 { return t.New + t.Changed + t.Unchanged + t.Kept }

// LeftOut is a table that is not imported.
type LeftOut struct {
	Table string
	Rows  int64
	Why   string
}

// maxExamples bounds the rows that a problem names.
const maxExamples = 5

// Problem is one thing that is wrong, with as many rows as have it.
type Problem struct {
	Table    string
	What     string
	Remedy   string
	Rows     int64
	Examples []string // ids of the first rows
	// Blocks says that leaving rows out is no way around it.
	Blocks bool
}

// Error makes a line of it.
func (p *Problem) Error() string {
	s := p.Table + ": " + p.What
	if p.Rows > 0 {
		s += fmt.Sprintf(" (%d row(s)", p.Rows)
		for i, id := range p.Examples {
			sep := ", "
			if i == 0 {
				sep = ": "
			}
			s += sep + id
		}
		if int64(len(p.Examples)) < p.Rows {
			s += " …"
		}
		s += ")"
	}
	return s
}

// fault is what is wrong with one row.
type fault struct {
	what, remedy string
	blocks       bool
}

// problem notes that a row has a fault.
func (r *Report) problem(table string, f *fault, id string) {
	for _, p := range r.Problems {
		if p.Table == table && p.What == f.what {
			p.Rows++
			if len(p.Examples) < maxExamples {
				p.Examples = append(p.Examples, id)
			}
			return
		}
	}
	r.Problems = append(r.Problems, &Problem{Table: table, What: f.what, Remedy: f.remedy, Rows: 1, Examples: []string{id}, Blocks: f.blocks})
}

// stops reports whether the problems keep the run from writing.
func (r *Report) stops(skip bool) bool {
	for _, p := range r.Problems {
		if p.Blocks || !skip {
			return true
		}
	}
	return false
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}
