// Package storetest is the contract of package store as a test. A driver
// proves itself in a few lines:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store {
//			s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
//			if err != nil {
//				t.Fatal(err)
//			}
//			return s
//		})
//	}
//
// Run it with -race: a good part of the suite is about concurrency. Bench
// measures the paths that requests take.
//
// Decisions and their reasons: docs/rationale/storage.md.
package storetest
