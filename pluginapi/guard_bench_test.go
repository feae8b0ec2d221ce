package pluginapi

import "testing"

// BenchmarkSeeing is what the check of an access costs, where nothing is
// guarded and where something is.
func BenchmarkSeeing(b *testing.B) {
	for _, path := range []string{"config.issuer", "session.user.id", "request.body.email", "request.headers.authorization"} {
		names, err := ParsePath(path)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				_ = Seeing(names)
			}
		})
	}
}
