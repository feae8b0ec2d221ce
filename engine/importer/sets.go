package importer

import "hash/maphash"

// hashes is a set of texts, of which it keeps 64 bits each. Two texts of
// hundreds of millions are confused with a chance of one in hundreds; the store
// refuses what is confused.
type hashes map[uint64]struct{}

func (s hashes) add(seed maphash.Seed, text string) (isNew bool) {
	h := maphash.String(seed, text)
	if _, there := s[h]; there {
		return false
	}
	s[h] = struct{}{}
	return true
}

func (s hashes) has(seed maphash.Seed, text string) bool {
	_, there := s[maphash.String(seed, text)]
	return there
}

func (s hashes) remove(seed maphash.Seed, text string) { delete(s, maphash.String(seed, text)) }
