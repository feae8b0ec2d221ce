package store

import "fmt"

// Collector makes the page, or the number, that a scan asks for out of what a
// driver reads, and ends the scan when it has it or may read no more. A driver
// tells it of each entry in the order of the scan, and of its record if Entry
// asks for that, until Done.
type Collector struct {
	scan     Scan
	counting bool
	page     Page
	last     []byte // key of the last record on the page
	count    int
	skip     int // matches that are still to be passed over
	entries  int
	records  int
	done     bool
}

// Collect begins a page.
func (s Scan) Collect() *Collector {
	return &Collector{scan: s, skip: s.Offset, page: Page{Records: make([]*Record, 0, min(s.Limit, 16))}}
}

// CollectCount begins a count, to which Offset does not matter.
func (s Scan) CollectCount() *Collector { return &Collector{scan: s, counting: true} }

// Done reports that no more is to be read.
func (c *Collector) Done() bool { return c.done }

// Skipped tells that the database passes over the scan's Offset.
func (c *Collector) Skipped() { c.skip = 0 }

// Left returns how many entries may still be read.
func (c *Collector) Left() int { return c.scan.Budget.Entries - c.entries }

// Walk takes note of n entries that were read. A driver calls it that lets a
// database pass over entries, and then Record without Entry.
func (c *Collector) Walk(n int) error {
	c.entries += n
	if c.entries > c.scan.Budget.Entries && (c.counting || c.scan.Selective()) {
		return c.over(fmt.Sprintf("%d entries of the index %q", c.scan.Budget.Entries, c.indexName()))
	}
	return nil
}

// Entry takes the next entry, and reports whether its record is needed.
func (c *Collector) Entry(key []byte) (read bool, err error) {
	if err := c.Walk(1); err != nil || c.done || !c.scan.MatchKey(key) {
		return false, err
	}
	if c.scan.Covered() && (c.counting || c.skip > 0) {
		c.match(key, nil)
		return false, nil
	}
	return true, nil
}

// Record takes the record of an entry. The key is kept until the end.
func (c *Collector) Record(key []byte, r *Record) error {
	if c.scan.Covered() {
		c.match(key, r)
		return nil
	}
	if c.records++; c.records > c.scan.Budget.Records {
		return c.over(fmt.Sprintf("%d records", c.scan.Budget.Records))
	}
	if c.scan.Match(r) {
		c.match(key, r)
	}
	return nil
}

// Counted takes the outcome of a count that a database made, of n matches in
// the entries that it walked, and Left was made up for.
func (c *Collector) Counted(n, walked int) error {
	if c.count += n; c.scan.Max > 0 && c.count >= c.scan.Max {
		c.count, c.done = c.scan.Max, true
		return nil
	}
	return c.Walk(walked)
}

// match takes a record that meets all conditions.
func (c *Collector) match(key []byte, r *Record) {
	switch {
	case c.skip > 0:
		c.skip--
	case c.counting:
		c.count++
		c.done = c.count == c.scan.Max
	case len(c.page.Records) == c.scan.Limit:
		c.page.Cursor = c.scan.Cursor(c.last)
		c.done = true
	default:
		c.page.Records, c.last = append(c.page.Records, r), key
	}
}

// over ends the scan at its budget: with an error, unless the page is full and
// only the question is open whether there is another one.
func (c *Collector) over(what string) error {
	c.done = true
	if !c.counting && len(c.page.Records) == c.scan.Limit {
		c.page.Cursor = c.scan.Cursor(c.last)
		return nil
	}
	return &LimitError{Model: c.scan.Model.Name, Reason: fmt.Sprintf(
		"the query read %s and is not answered; narrow it by a field that has an index: %s", what, c.scan.Model.indexedFields())}
}

func (c *Collector) indexName() string {
	if c.scan.Index == nil {
		return idField
	}
	return c.scan.Index.Name
}

// Page returns what was collected.
func (c *Collector) Page() Page { return c.page }

// Count returns what was counted.
func (c *Collector) Count() int { return c.count }
