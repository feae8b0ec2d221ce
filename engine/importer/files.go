package importer

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
)

// convexDocuments is the file of each table in an export of Convex.
const convexDocuments = "documents.jsonl"

// files is a Source of exported files.
type files struct {
	name   string
	fs     fs.FS
	tables map[string]string // table → path
	close  func() error
}

// Files reads exported tables: a folder, or a .zip of one, with a file for each
// table. TABLE.jsonl and TABLE.ndjson have one object on each line, TABLE.json
// an array of objects (or objects one after the other). In an export of Convex
// the files are TABLE/documents.jsonl; if a folder within has the tables user,
// session and account, such as that of a component, it is the one that is read.
func Files(name string) (Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("importer: %w", err)
	}
	s := &files{name: filepath.ToSlash(name), close: func() error { return nil }}
	switch {
	case info.IsDir():
		s.fs = os.DirFS(name)
	case strings.EqualFold(filepath.Ext(name), ".zip"):
		archive, err := zip.OpenReader(name)
		if err != nil {
			return nil, fmt.Errorf("importer: %s: %w", name, err)
		}
		s.fs, s.close = archive, archive.Close
	default:
		return nil, fmt.Errorf("importer: %s is neither a folder nor a .zip; name the folder with the exported tables", name)
	}
	if s.tables, err = findTables(s.fs); err != nil {
		return nil, errors.Join(fmt.Errorf("importer: %s: %w", name, err), s.close())
	}
	return s, nil
}

// findTables finds the folder of the tables and the file of each.
func findTables(in fs.FS) (map[string]string, error) {
	folders := map[string]map[string]string{}
	err := fs.WalkDir(in, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		folder, table := tableOf(p)
		if table == "" {
			return nil
		}
		if folders[folder] == nil {
			folders[folder] = map[string]string{}
		}
		if other, taken := folders[folder][table]; taken {
			return fmt.Errorf("%s and %s are both the table %q; keep one of them", other, p, table)
		}
		folders[folder][table] = p
		return nil
	})
	if err != nil {
		return nil, err
	}
	var whole []string
	for folder, tables := range folders {
		if hasTables(tables, "user", "session", "account") {
			whole = append(whole, folder)
		}
	}
	slices.Sort(whole)
	switch {
	case len(whole) == 1:
		return folders[whole[0]], nil
	case len(whole) > 1:
		return nil, fmt.Errorf("the folders %s all have the tables user, session and account; name the one that is meant", strings.Join(whole, ", "))
	case len(folders["."]) > 0:
		return folders["."], nil
	}
	return nil, errors.New("no tables; TABLE.jsonl, TABLE.json and TABLE/documents.jsonl are read")
}

func hasTables(tables map[string]string, names ...string) bool {
	for _, want := range names {
		found := false
		for name := range tables {
			found = found || sameTable(name, want)
		}
		if !found {
			return false
		}
	}
	return true
}

// tableOf returns the folder and the table of a file, "" if it is none.
func tableOf(p string) (folder, table string) {
	folder, base := path.Dir(p), path.Base(p)
	if base == convexDocuments {
		folder, table = path.Dir(folder), path.Base(folder)
		if strings.HasPrefix(table, "_") {
			return "", "" // Convex's own, such as _storage
		}
		return folder, table
	}
	switch ext := path.Ext(base); ext {
	case ".json", ".jsonl", ".ndjson":
		return folder, strings.TrimSuffix(base, ext)
	}
	return "", ""
}

// Name implements Source.
func (s *files) Name() string { return s.name }

// Tables implements Source.
func (s *files) Tables(context.Context) ([]Table, error) {
	var out []Table
	for name := range s.tables {
		out = append(out, Table{Name: name, Rows: -1})
	}
	slices.SortFunc(out, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// maxRowBytes bounds the text of one row.
const maxRowBytes = 8 << 20

// Rows implements Source.
func (s *files) Rows(ctx context.Context, table string, visit func(*document.Object) error) error {
	p := s.tables[table]
	f, err := s.fs.Open(p)
	if err != nil {
		return fmt.Errorf("importer: %w", err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	begin, err := skipSpace(in)
	if err != nil {
		return fmt.Errorf("importer: %s: %w", p, err)
	}
	dec := json.NewDecoder(in)
	if begin == '[' {
		if _, err := dec.Token(); err != nil {
			return fmt.Errorf("importer: %s: %w", p, err)
		}
	}
	for n := 1; dec.More(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fmt.Errorf("importer: %s, row %d: %w", p, n, err)
		}
		row, err := parseRow(raw)
		if err != nil {
			return fmt.Errorf("importer: %s, row %d: %w", p, n, err)
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("importer: %s: the file ends early: %w", p, err)
	}
	return nil
}

// skipSpace skips a byte order mark and white space and returns the byte that
// follows, 0 at the end.
func skipSpace(in *bufio.Reader) (byte, error) {
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	for {
		b, err := in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, nil
		case err != nil:
			return 0, err
		case b != ' ' && b != '\t' && b != '\r' && b != '\n':
			return b, in.UnreadByte()
		}
	}
}

func parseRow(raw []byte) (*document.Object, error) {
	if len(raw) > maxRowBytes {
		return nil, fmt.Errorf("%d bytes are more than the limit of %d", len(raw), maxRowBytes)
	}
	v, err := document.Parse(raw, 0)
	if err != nil {
		return nil, err
	}
	if v.Kind() != document.ObjectKind {
		return nil, fmt.Errorf("a row is an object, not %s", v.Kind())
	}
	row := v.Object()
	for name, value := range row.All() {
		if plain := unwrap(value); plain.Kind() != value.Kind() {
			row.Set(name, plain)
		}
	}
	return row, nil
}

// unwrap takes MongoDB's extended JSON off a value (MongoDB Extended JSON v2).
func unwrap(v document.Value) document.Value {
	o := v.Object()
	if o.Len() != 1 {
		return v
	}
	for name, inner := range o.All() {
		switch name {
		case "$oid", "$uuid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal":
			return inner
		case "$date":
			return unwrapDate(inner)
		}
	}
	return v
}

// unwrapDate reads the two forms of a date: a text, or milliseconds in a text.
func unwrapDate(v document.Value) document.Value {
	ms := v.Get("$numberLong")
	if ms.IsAbsent() {
		return v
	}
	n, err := document.Parse([]byte(ms.Str()), 0)
	if err != nil {
		return ms
	}
	return n
}

// Close implements Source.
func (s *files) Close(context.Context) error { return s.close() }
