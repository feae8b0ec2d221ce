package sdk

import "iter"

// Settings is the plugin's configuration in the tenant, or an object within it,
// with the defaults of the manifest's schema filled in. Members are read one by
// one, when they are asked for. The code that "authhost plugin bind" makes has
// a method for each setting.
type Settings struct {
	c    *Call
	key  string
	path string // with a dot at the end
}

// Settings returns the plugin's configuration.
func (c *Call) Settings() Settings { return Settings{c: c, path: "config."} }

// Value reads a member. A secret that is set is true: its text is the host's.
func (s Settings) Value(name string) Value { return s.c.at(s.path, name) }

// Object returns a member that is an object. Of one that is not set, every
// member is absent.
func (s Settings) Object(name string) Settings {
	return Settings{s.c, name, s.path + EscapeName(name) + "."}
}

// Objects iterates over the members of an object whose names the operator
// chooses.
func (s Settings) Objects(name string) iter.Seq[Settings] {
	return func(yield func(Settings) bool) {
		of := s.Object(name)
		for member := range s.Value(name).Members() {
			if !yield(of.Object(member)) {
				return
			}
		}
	}
}

// Key returns the name of the object within the one that it is in, "" for the
// whole configuration.
func (s Settings) Key() string { return s.key }
