// Command storecount prints how many records of each model the embedded store
// of a stopped server has, as JSON. It is for tests that look whether
// something was left behind.
//
//	go run ./internal/storecount DATADIR TENANT
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "storecount:", err)
		os.Exit(1)
	}
}

func run(args []string) (err error) {
	if len(args) != 2 {
		return errors.New("usage: storecount DATADIR TENANT")
	}
	s, err := boltstore.Open(boltstore.Config{Dir: storage.TenantsFolder(args[0])})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ctx := context.Background()
	data, err := s.Open(ctx, store.TenantID(args[1]), store.Schema{})
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, m := range data.Catalog().Schema().Models {
		q := store.Query{Model: m.Name, Limit: store.MaxLimit}
		for {
			page, err := data.List(ctx, q)
			if err != nil {
				return err
			}
			counts[m.Name] += len(page.Records)
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(counts)
}
