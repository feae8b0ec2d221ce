package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/offline"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func storeCommand() *cobra.Command {
	check := &cobra.Command{
		Use:   "check DATADIR",
		Short: "Verify every file of an embedded store; the server must be stopped",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return checkStore(c.Context(), c.OutOrStdout(), args[0])
		},
	}
	compact := &cobra.Command{
		Use:   "compact DATADIR",
		Short: "Rewrite every file of an embedded store without the room of deleted records; the server must be stopped",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return compactStore(c.Context(), c.OutOrStdout(), args[0])
		},
	}
	return group("store", "Look after the embedded store", check, compact)
}

func checkStore(ctx context.Context, out io.Writer, dataDir string) error {
	var locked *boltstore.LockedError
	bad := 0
	files, err := offline.Check(ctx, dataDir, func(path string, err error) {
		switch {
		case err == nil:
			fmt.Fprintf(out, "%s: ok\n", path)
		case errors.As(err, &locked):
		default:
			bad++
			fmt.Fprintf(out, "%s: %v\n", path, err)
		}
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no embedded store; name the folder that server.dataDir names", dataDir)
	case err != nil:
		return err
	case locked != nil:
		return fmt.Errorf("%s is in use; stop the server first, or check a backup", locked.Path)
	case bad > 0:
		return fmt.Errorf("%d of %d file(s) are damaged; restore them from a backup", bad, files)
	}
	fmt.Fprintf(out, "%d file(s) ok\n", files)
	return nil
}
