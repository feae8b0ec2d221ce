package pluginapi

// Limits of lists and queries. A query that none of its indexes answers within
// them has the status limit.
const (
	// MaxPage is how many records a list has at most, and how many a call gets
	// or writes at once.
	MaxPage = 200
	// MaxSessions is how many sessions session.list gives at most.
	MaxSessions = 1000
	// MaxOffset is how many records a list passes over at most.
	MaxOffset = 100_000
)

// Arguments and results of functions that ask for records by what they are.
var (
	argWhere = Param{Name: "where", Go: "Condition", Type: TypeArray, Items: TypeObject, Doc: "conditions, all to be met: see [Queries](#queries)", Members: []Param{
		{Name: "field", Type: TypeText, Required: true},
		{Name: "operator", Type: TypeText, Doc: "default `eq`", Enum: []string{
			"eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with",
		}},
		{Name: "value", Type: TypeAny, Required: true, Copied: true},
	}}
	argSort   = Param{Name: "sort", Type: TypeText, Doc: "the field that orders them; records with the same value are ordered by id; default `createdAt`"}
	argDesc   = Param{Name: "desc", Type: TypeBool, Doc: "the last one first"}
	argLimit  = Param{Name: "limit", Type: TypeInt, Min: 1, Max: MaxPage, Default: MaxPage}
	argOffset = Param{Name: "offset", Type: TypeInt, Max: MaxOffset, Doc: "number of records to pass over; not together with `cursor`"}
	argCursor = Param{Name: "cursor", Type: TypeText, Doc: "the cursor of the last page"}
	argAtMost = Param{Name: "atMost", Type: TypeInt, Min: 1, Max: MaxSafeInt, Doc: "count no further"}

	resultCursor = Param{Name: "cursor", Type: TypeText, Doc: "of the next page, if there is one"}
	resultCount  = Param{Name: "count", Type: TypeInt, Required: true}

	limited = Outcome{StatusLimit, "the query would read too much; `message` names the fields with an index"}
)

// userQueries are the functions of identity that ask for users.
var userQueries = []Function{
	{
		Capability: CapIdentity, Name: "listUsers", Since: "1.1", Access: AccessRead, Model: "user", Doc: "lists users",
		Args:   []Param{argWhere, argSort, argDesc, argLimit, argOffset, argCursor},
		Result: []Param{{Name: "users", Type: TypeArray, Record: "user", Required: true}, resultCursor}, Statuses: []Outcome{limited},
	},
	{
		Capability: CapIdentity, Name: "countUsers", Since: "1.1", Access: AccessRead, Model: "user", Doc: "counts users",
		Args: []Param{argWhere, argAtMost}, Result: []Param{resultCount}, Statuses: []Outcome{limited},
	},
	{
		Capability: CapIdentity, Name: "getUsers", Since: "1.1", Access: AccessRead, Model: "user", Doc: "gives the users with some ids, in the order of those: the ones that there are",
		Args:   []Param{{Name: "ids", Type: TypeArray, Items: TypeText, Required: true, Doc: "up to 200"}},
		Result: []Param{{Name: "users", Type: TypeArray, Record: "user", Required: true}},
	},
}

// storageQueries are the functions of storage that are about several records.
var storageQueries = []Function{
	{
		Capability: CapStorage, Name: "count", Since: "1.1", Access: AccessRead, Doc: "counts the records that list gives on all pages",
		Args:   append(append([]Param{argModel}, indexRange...), argWhere, argAtMost),
		Result: []Param{resultCount}, Statuses: []Outcome{limited},
	},
	{
		Capability: CapStorage, Name: "getMany", Since: "1.1", Access: AccessRead, Doc: "reads the records with the given ids, in that order; unknown ids are left out",
		Args:   []Param{argModel, {Name: "ids", Type: TypeArray, Items: TypeText, Required: true, Doc: "up to 200"}},
		Result: []Param{{Name: "records", Type: TypeArray, Record: "record", Required: true}},
	},
	{
		Capability: CapStorage, Name: "write", Since: "1.1", Access: AccessWrite, Doc: "writes several records, in order: all of them, or none if one cannot be written",
		Args: []Param{argModel, {Name: "writes", Go: "Write", Type: TypeArray, Items: TypeObject, Required: true, Doc: "up to 200", Members: []Param{
			{Name: "op", Type: TypeText, Required: true, Enum: []string{"insert", "update", "delete"}},
			{Name: "id", Type: TypeText, Doc: "of update and delete"},
			{Name: "record", Type: TypeObject, Open: true, Doc: "of insert: its fields"},
			{Name: "set", Type: TypeObject, Open: true, Doc: "of update: fields by name, with new values"},
			argIf, argVersion,
		}}},
		Result:   []Param{{Name: "records", Type: TypeArray, Record: "record", Required: true, Doc: "those inserted and updated, in the order of the writes"}},
		Statuses: []Outcome{{StatusNotFound, "one is not there"}, {StatusConflict, "as of update; `message` has the number of the write, from 0"}},
	},
}

// indexRange says which part of an index is meant.
var indexRange = []Param{
	{Name: "index", Type: TypeText, Doc: "as in find; default: all records by id"},
	{Name: "value", Type: TypeAny, Doc: "only records with this value in the index; of an index over several fields, an array of the first ones"},
	{Name: "from", Type: TypeAny, Doc: "only records with at least this value in the index's field after those of `value`"},
	{Name: "to", Type: TypeAny, Doc: "only those with a smaller value there"},
	{Name: "fromExclusive", Type: TypeBool, Doc: "without those that have the value `from`"},
	{Name: "toInclusive", Type: TypeBool, Doc: "with those that have the value `to`"},
}

var (
	argIf      = Param{Name: "if", Type: TypeObject, Open: true, Doc: "only if the record's fields have these values; null and absent are equal"}
	argVersion = Param{Name: "version", Type: TypeInt, Min: 1, Max: MaxSafeInt, Doc: "only if this is the record's version"}
)
