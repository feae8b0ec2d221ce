package store

import (
	"cmp"
	"slices"
)

// planned is a selection that was checked, with the ways to answer it.
type planned struct {
	sel      Selection
	catalog  *Catalog
	model    *ModelInfo
	sort     Field
	tests    []test
	after    *position // of the cursor; nil without one
	ids      []string  // if not nil, no other records can meet the conditions
	attempts []attempt // in the order in which they are to be tried
}

// attempt is one way to answer a selection: queries of one index that together
// find all of its records.
type attempt struct {
	queries []Query
	ordered *Scan // not nil: the only query finds them in the right order
	rank    int   // how much conditions narrow it; 0: not at all
}

// worth orders attempts: of those of the same rank, those first that find the
// records in the right order.
func (a attempt) worth() int {
	if a.ordered != nil {
		return 2*a.rank + 1
	}
	return 2 * a.rank
}

// Ranks of attempts. A field that is fixed counts more than any range.
const (
	rankSearch = 1
	rankRange  = 2
	rankFixed  = 4 // for each field
	rankUnique = 1 << 10
)

// plan checks a selection and finds the ways to answer it.
func (c *Catalog) plan(sel Selection) (*planned, error) {
	m, err := c.Model(sel.Model)
	if err != nil {
		return nil, err
	}
	if sel.Sort == "" {
		sel.Sort = idField
	}
	if sel.Limit = min(sel.Limit, MaxLimit); sel.Limit <= 0 {
		sel.Limit = DefaultLimit
	}
	p := &planned{sel: sel, catalog: c, model: m}
	if p.sort, err = m.comparable(sel.Sort); err != nil {
		return nil, err
	}
	if p.tests, err = m.tests(sel.Where); err != nil {
		return nil, err
	}
	if sel.Cursor != "" {
		if p.after, err = p.readCursor(sel.Cursor); err != nil {
			return nil, err
		}
	}
	p.pick()
	return p, p.try()
}

// pick looks for conditions that name the ids of the records, or that none
// can meet.
func (p *planned) pick() {
	for i := range p.tests {
		t := &p.tests[i]
		switch {
		case t.op == In && len(t.set) == 0:
			p.ids = []string{}
			return
		case t.field.Name != idField || p.ids != nil:
		case t.op == Eq:
			p.ids = []string{t.value.Str()}
		case t.op == In:
			for _, v := range t.value.Items() {
				p.ids = append(p.ids, v.Str())
			}
		}
	}
}

// try finds the attempts.
func (p *planned) try() error {
	var order *attempt
	for _, ix := range append([]*IndexInfo{nil}, p.model.Indexes...) {
		a, err := p.whole(ix)
		if err != nil {
			return err
		}
		switch {
		case a.rank > 0:
			p.attempts = append(p.attempts, a)
		case a.ordered != nil:
			order = &a
		}
		parts, err := p.split(ix)
		if err != nil {
			return err
		}
		if parts.rank > 0 {
			p.attempts = append(p.attempts, parts)
		}
	}
	slices.SortStableFunc(p.attempts, func(a, b attempt) int { return cmp.Compare(b.worth(), a.worth()) })
	p.attempts = p.attempts[:min(len(p.attempts), maxAttempts-1)]
	switch {
	case order != nil:
		p.attempts = append(p.attempts, *order)
	case len(p.attempts) == 0:
		p.attempts = []attempt{{queries: []Query{p.query(nil)}}}
	}
	return nil
}

// query asks an index for the records.
func (p *planned) query(ix *IndexInfo) Query {
	q := Query{Model: p.sel.Model, Where: p.sel.Where, Limit: MaxLimit, Budget: p.sel.Budget}
	if ix != nil {
		q.Index = ix.Name
	}
	return q
}

// whole is the attempt to find the records with one query of an index.
func (p *planned) whole(ix *IndexInfo) (attempt, error) {
	q := p.query(ix)
	q.Offset = p.sel.Offset // to be checked
	s, err := p.catalog.Scan(q)
	if err != nil {
		return attempt{}, err
	}
	q.Offset = 0
	a := attempt{queries: []Query{q}, rank: s.rank()}
	if p.hasOrder(s) {
		a.ordered = &s
	}
	return a, nil
}

// split is the attempt to find the records with one query for each value of a
// condition In on the first field of an index. Its rank is 0 if there is none.
func (p *planned) split(ix *IndexInfo) (attempt, error) {
	if ix == nil {
		return attempt{}, nil
	}
	n := slices.IndexFunc(p.tests, func(t test) bool { return t.op == In && t.field.Name == ix.Fields[0] && len(t.set) > 0 })
	if n < 0 {
		return attempt{}, nil
	}
	var a attempt
	done := map[string]bool{}
	for _, v := range p.tests[n].value.Items() {
		key := string(AppendKey(nil, v))
		if done[key] {
			continue
		}
		done[key] = true
		q := p.query(ix)
		q.Where = slices.Clone(q.Where)
		q.Where[n] = Condition{Field: ix.Fields[0], Op: Eq, Value: v}
		a.queries = append(a.queries, q)
	}
	s, err := p.catalog.Scan(a.queries[0])
	a.rank = s.rank() - 1
	return a, err
}

// rank tells how much conditions narrow a scan.
func (s *Scan) rank() int {
	switch {
	case s.Index == nil && !s.ranged:
		return 0
	case s.Index != nil && s.Index.Unique && s.fixed == s.fields():
		return rankUnique
	}
	rank := rankFixed * s.fixed
	if s.ranged {
		rank += rankRange
	}
	if len(s.needles) > 0 {
		rank += rankSearch
	}
	return rank
}

// hasOrder reports whether a scan finds the records in the order of the
// selection: by Sort and then by id, given that the fields before are fixed.
func (p *planned) hasOrder(s Scan) bool {
	switch {
	case s.Index == nil:
		return p.sort.Name == idField
	case s.fixed == s.fields():
		return p.sort.Name == idField || slices.Contains(s.Index.Fields, p.sort.Name)
	default:
		return s.fixed == s.fields()-1 && s.next() == p.sort.Name
	}
}

// continued returns the key of a scan, one that has the order of the selection,
// after which the cursor continues.
func (p *planned) continued(s *Scan) []byte {
	if s.Index == nil {
		return []byte(p.after.id)
	}
	key := s.prefix
	if s.fixed < s.fields() {
		key = append(key, p.after.key...)
	}
	if s.Index.Unique && !p.hasNull(s) {
		return key
	}
	return append(key, p.after.id...)
}

// hasNull reports whether the cursor's key in a scan has a null, so that a
// unique index keeps it like one that is not.
func (p *planned) hasNull(s *Scan) bool {
	null := s.fixed < s.fields() && p.after.key[0] == tagNull
	for i := range p.tests {
		t := &p.tests[i]
		null = null || t.null && t.op == Eq && slices.Contains(s.Index.Fields, t.field.Name)
	}
	return null
}
