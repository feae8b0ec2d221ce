package pluginapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// MaxManifestBytes bounds the manifest's JSON text.
const MaxManifestBytes = 1 << 20

// ParseManifest reads a manifest from JSON. It is strict: unknown and repeated
// members, names in another case, and text after the object, are errors. It does not check what the
// members say; Validate does.
func ParseManifest(data []byte) (*Manifest, error) {
	if len(data) > MaxManifestBytes {
		return nil, fmt.Errorf("manifest: %d bytes are more than the limit of %d", len(data), MaxManifestBytes)
	}
	if err := uniqueMembers(data); err != nil {
		return nil, fmt.Errorf("manifest: %w", readable(data, err))
	}
	if err := exactNames(data, reflect.TypeFor[Manifest]()); err != nil {
		return nil, fmt.Errorf("manifest: %w", readable(data, err))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	m := new(Manifest)
	if err := dec.Decode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", readable(data, err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("manifest: text after the object")
	}
	m.numberHandlers()
	return m, nil
}

// uniqueMembers refuses objects that name a member twice: parsers disagree on
// which one counts, and a manifest decides permissions.
func uniqueMembers(data []byte) error {
	return eachMember(data, func(name string, again bool, end int64) error {
		if again {
			return fmt.Errorf("line %d: member %q is given twice", lineAt(data, end), name)
		}
		return nil
	})
}

// eachMember calls visit for each member of each object in JSON text, until that
// returns an error: with its name, whether the object has named it before, and
// where the name ends.
func eachMember(data []byte, visit func(name string, again bool, end int64) error) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var open []map[string]bool // one entry per open object or array; nil for arrays
	inName := false
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if name, ok := token.(string); ok && inName {
			members := open[len(open)-1]
			if err := visit(name, members[name], dec.InputOffset()); err != nil {
				return err
			}
			members[name] = true
			inName = false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		inName = len(open) > 0 && open[len(open)-1] != nil
	}
}
