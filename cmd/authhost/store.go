package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func storeCommand() *cobra.Command {
	check := &cobra.Command{
		Use:   "check DATADIR",
		Short: "Verify every file of an embedded store; the server must be stopped",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			bad := 0
			files, err := boltstore.CheckDir(c.Context(), filepath.Join(args[0], engine.TenantsDir), func(path string, err error) {
				if err != nil {
					bad++
					fmt.Fprintf(c.OutOrStdout(), "%s: %v\n", path, err)
					return
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", path)
			})
			if err != nil {
				return err
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d files are damaged; restore them from a backup", bad, files)
			}
			fmt.Fprintf(c.OutOrStdout(), "%d file(s) ok\n", files)
			return nil
		},
	}
	return group("store", "Look after the embedded store", check)
}
