package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Selection asks for records by what they are, in the order of any field. Which
// index that reads is for Select to find out.
type Selection struct {
	Model string
	// Where are the conditions, all of which must be met.
	Where []Condition
	// Sort is the field that orders the records, null first, and those with
	// the same value by id; "" and "id" mean the order of ids alone.
	Sort string
	// Desc turns the whole order around, ids included.
	Desc bool
	// Offset passes over so many records first, up to MaxOffset. It does not
	// go with Cursor.
	Offset int
	// Limit is the page size; 0 means DefaultLimit, at most MaxLimit.
	Limit int
	// Cursor continues after the page that returned it, with the same Model,
	// Sort and Desc. Records that come or go meanwhile do not disturb it.
	Cursor string
	// Budget bounds what each attempt may read.
	Budget Budget
}

// maxAttempts bounds the indexes that are tried for one selection.
const maxAttempts = 3

// Select returns a page of a selection. It tries, until one has the answer:
//
//   - if conditions Eq or In name ids, those records;
//   - the indexes that conditions narrow: Eq on all fields of a unique index,
//     Eq on others, In, then ranges and StartsWith, then Contains and EndsWith,
//     which read an index from end to end. It sorts what it finds there if that
//     is no more than MaxLimit records;
//   - an index that has the order of the selection, with conditions Eq on the
//     fields before Sort. It walks that until the page is full. If it is also
//     one of those before, nothing has to be sorted;
//   - without any of these, all records of the model, if they are no more than
//     MaxLimit.
//
// Only folded fields (Field.Fold) have indexes that help with searches.
// Conditions that the index does not decide are looked up in the records. What
// none of at most three indexes answers within Budget is a *LimitError.
func (t *Tx) Select(ctx context.Context, sel Selection) (Page, error) {
	if t.done {
		return Page{}, ErrTxDone
	}
	p, err := t.catalog.plan(sel)
	if err != nil {
		return Page{}, err
	}
	if p.ids != nil {
		records, err := t.picked(ctx, p)
		if err != nil {
			return Page{}, err
		}
		return p.page(records), nil
	}
	var page Page
	for _, a := range p.attempts {
		if page, err = t.attempt(ctx, p, a); !errors.Is(err, ErrLimit) {
			break
		}
	}
	return page, err
}

// CountWhere returns how many records meet all conditions, up to atMost of
// them; 0 means that nothing but the budget stops it. It reads the indexes that
// Select would try, and no records if such an index decides every condition. So
// it goes up to MaxEntries, or if it has to look into records, MaxExamined.
func (t *Tx) CountWhere(ctx context.Context, model string, where []Condition, atMost int) (int, error) {
	if t.done {
		return 0, ErrTxDone
	}
	p, err := t.catalog.plan(Selection{Model: model, Where: where})
	if err != nil {
		return 0, err
	}
	n := 0
	if p.ids != nil {
		var records []*Record
		records, err = t.picked(ctx, p)
		n = len(records)
	} else {
		n, err = t.tally(ctx, p, atMost)
	}
	if err != nil {
		return 0, err
	}
	return Scan{Max: max(atMost, 0)}.capped(n), nil
}

// tally counts with one attempt after the other.
func (t *Tx) tally(ctx context.Context, p *planned, atMost int) (n int, err error) {
	for _, a := range p.attempts {
		n = 0
		for _, q := range a.queries {
			if len(q.Where) == 0 && len(p.model.Indexes) > 0 {
				q.Index = p.model.Indexes[0].Name // every record is in it, and it is smaller
			}
			q.Limit = atMost
			var found int
			if found, err = t.Count(ctx, q); err != nil {
				break
			}
			n += found
		}
		if !errors.Is(err, ErrLimit) {
			break
		}
	}
	return n, err
}

// picked returns the records with the ids of a plan that meet all conditions.
func (t *Tx) picked(ctx context.Context, p *planned) ([]*Record, error) {
	records, err := t.GetMany(ctx, p.sel.Model, p.ids)
	return p.matching(records), err
}

// matching returns those of records that meet all conditions.
func (p *planned) matching(records []*Record) []*Record {
	s := Scan{tests: p.tests}
	return slices.DeleteFunc(slices.Clone(records), func(r *Record) bool { return !s.Match(r) })
}

// SelectFrom is Tx.Select for records of the model that are kept elsewhere than
// in the store, and are all at hand.
func (c *Catalog) SelectFrom(sel Selection, records []*Record) (Page, error) {
	p, err := c.plan(sel)
	if err != nil {
		return Page{}, err
	}
	return p.page(p.matching(records)), nil
}

// CountFrom is Tx.CountWhere for records that are all at hand.
func (c *Catalog) CountFrom(model string, where []Condition, records []*Record) (int, error) {
	p, err := c.plan(Selection{Model: model, Where: where})
	if err != nil {
		return 0, err
	}
	return len(p.matching(records)), nil
}

// attempt answers a selection with one of its indexes.
func (t *Tx) attempt(ctx context.Context, p *planned, a attempt) (Page, error) {
	if a.ordered != nil {
		return t.walk(ctx, p, a)
	}
	var all []*Record
	for _, q := range a.queries {
		page, err := t.List(ctx, q)
		if err != nil {
			return Page{}, err
		}
		if all = append(all, page.Records...); page.Cursor != "" || len(all) > MaxLimit {
			return Page{}, p.tooMany()
		}
	}
	return p.page(all), nil
}

// walk answers a selection with an index that has its order.
func (t *Tx) walk(ctx context.Context, p *planned, a attempt) (Page, error) {
	q := a.queries[0]
	q.Desc, q.Offset, q.Limit = p.sel.Desc, p.sel.Offset, p.sel.Limit
	if p.after != nil {
		q.Cursor = a.ordered.Cursor(p.continued(a.ordered))
	}
	page, err := t.List(ctx, q)
	if err == nil && page.Cursor != "" {
		page.Cursor = p.cursor(page.Records[len(page.Records)-1])
	}
	return page, err
}

// tooMany says that nothing sorts the records that were found.
func (p *planned) tooMany() error {
	return &LimitError{Model: p.sel.Model, Reason: fmt.Sprintf(
		"more than %d records to be sorted by %q, which has no index for that; narrow the query, or sort by one of: %s",
		MaxLimit, p.sort.Name, p.model.indexedFields())}
}
