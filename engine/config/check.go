package config

// checker looks for faults between values that are right by themselves.
type checker struct {
	*faults
	dir    string
	config *Config
}

func (c *checker) run() {}
