package boltstore

import (
	"github.com/authhost/authhost/engine/store"
)

// bucket is where a model's records or an index's entries are.
type bucket struct {
	name   []byte
	prefix string // of its keys among those of all buckets
	seed   uint32 // of the checksums
}

// prefixEnd ends a bucket's prefix, which sorts before afterPrefix; neither is
// in a name.
const (
	prefixEnd   = "\x00"
	afterPrefix = "\x01"
)

func newBucket(name string) bucket {
	return bucket{name: []byte(name), prefix: name + prefixEnd, seed: seed([]byte(name))}
}

func recordBucket(model string) bucket       { return newBucket("r:" + model) }
func indexBucket(model, label string) bucket { return newBucket("i:" + model + ":" + label) }

// layout is a catalog with the buckets of everything in it.
type layout struct {
	catalog *store.Catalog
	records map[string]bucket           // by model
	indexes map[*store.IndexInfo]bucket // by index of the catalog
}

func newLayout(s store.Schema) (*layout, error) {
	catalog, err := store.NewCatalog(s)
	if err != nil {
		return nil, err
	}
	l := &layout{
		catalog: catalog,
		records: make(map[string]bucket, len(s.Models)),
		indexes: make(map[*store.IndexInfo]bucket),
	}
	for _, m := range l.models() {
		l.records[m.Name] = recordBucket(m.Name)
		for _, ix := range m.Indexes {
			l.indexes[ix] = indexBucket(m.Name, ix.Label())
		}
	}
	return l, nil
}

// models returns the models in the order of their declaration.
func (l *layout) models() []*store.ModelInfo {
	declared := l.catalog.Schema().Models
	models := make([]*store.ModelInfo, 0, len(declared))
	for i := range declared {
		if m, err := l.catalog.Model(declared[i].Name); err == nil {
			models = append(models, m)
		}
	}
	return models
}
