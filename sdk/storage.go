package sdk

// Storage is the capability "storage", bound to one model of the plugin's
// manifest. Records are at result after each call, with their id and version.
type Storage struct {
	c     *Call
	model string
}

// Storage returns the capability for a model.
func (c *Call) Storage(model string) Storage { return Storage{c, model} }

func (s Storage) call(fn string) Status {
	s.c.Arg("model", String(s.model))
	return s.c.host.storage(fn)
}

// Get reads the record with an id.
func (s Storage) Get(id string) Status {
	s.c.Arg("id", String(id))
	return s.call("get")
}

// Find reads the first record with a value in an index. An index over several
// fields is named "a+b" and takes a JSON array.
func (s Storage) Find(index string, value Value) Status {
	s.c.Arg("index", String(index))
	s.c.Arg("value", value)
	return s.call("find")
}

// Page asks for a part of a list.
type Page struct {
	Index  string // "" for all records, by id
	Value  Value  // only records with this value in the index
	Limit  int    // at most so many, by default and at most 200
	Cursor string // where the last page ended, "" for the first
}

// List reads records. They are at result.records.0 … and the cursor for the
// next page, if there is one, at result.cursor.
func (s Storage) List(p Page) Status {
	if p.Index != "" {
		s.c.Arg("index", String(p.Index))
		s.c.Arg("value", p.Value)
	}
	if p.Limit > 0 {
		s.c.Arg("limit", Int(int64(p.Limit)))
	}
	if p.Cursor != "" {
		s.c.Arg("cursor", String(p.Cursor))
	}
	return s.call("list")
}

// Insert stores a new record under a new id. The status is Conflict when a
// unique value is taken.
func (s Storage) Insert(fields ...Field) Status {
	s.c.args("args.record.", fields)
	return s.call("insert")
}

// Update changes fields of a record. With a version other than 0 the status
// is Conflict if the record is no longer that version.
func (s Storage) Update(id string, version int64, fields ...Field) Status {
	s.c.args("args.set.", fields)
	s.c.Arg("id", String(id))
	if version != 0 {
		s.c.Arg("version", Int(version))
	}
	return s.call("update")
}

// Delete deletes a record.
func (s Storage) Delete(id string) Status {
	s.c.Arg("id", String(id))
	return s.call("delete")
}

// Consume reads the record with a value in a unique index and deletes it: of
// several handlers that consume it at once, one gets it.
func (s Storage) Consume(index string, value Value) Status {
	s.c.Arg("index", String(index))
	s.c.Arg("value", value)
	return s.call("consume")
}

// Increment adds to a number field and returns the sum. It takes effect at
// once and is kept even if the handler denies, so that failed attempts can be
// counted.
func (s Storage) Increment(id, field string, by int64) (int64, Status) {
	s.c.Arg("id", String(id))
	s.c.Arg("field", String(field))
	s.c.Arg("by", Int(by))
	if st := s.call("increment"); st != OK {
		return 0, st
	}
	return s.c.Result("value").Int(0), OK
}
