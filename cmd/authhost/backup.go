package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/backup"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/offline"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func backupCommand() *cobra.Command {
	var admin adminFlags
	var tenant string
	c := &cobra.Command{
		Use:   "backup",
		Short: "Have a running server copy its records into the folder server.backupDir of its machine",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return backUp(c.Context(), c.OutOrStdout(), &admin, tenant)
		},
	}
	admin.add(c)
	c.Flags().StringVar(&tenant, "tenant", "", "id of the tenant (default: all)")
	return c
}

// backUp waits for as long as it takes.
func backUp(ctx context.Context, out io.Writer, admin *adminFlags, tenant string) error {
	var answer backup.Backup
	if err := admin.call(ctx, http.MethodPost, "/backup", url.Values{"tenant": {tenant}}, 0, &answer); err != nil {
		return err
	}
	fmt.Fprintln(out, answer.Folder)
	for _, f := range answer.Files {
		fmt.Fprintf(out, "  %s: %d bytes, sha256 %s\n", f.Name, f.Bytes, f.SHA256)
	}
	for _, tenant := range slices.Sorted(maps.Keys(answer.Failed)) {
		fmt.Fprintf(out, "  tenant %s: %s\n", tenant, answer.Failed[tenant])
	}
	if n := len(answer.Failed); n > 0 {
		return fmt.Errorf("%d tenant(s) are damaged and not in the backup; restore them from an older one", n)
	}
	return nil
}

func restoreCommand() *cobra.Command {
	var path, tenant string
	c := &cobra.Command{
		Use:   "restore BACKUP --tenant ID",
		Short: "Read the backup of a tenant into the store; the tenant must not have records, and the server must be stopped",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			if err := offline.Restore(c.Context(), cfg, tenant, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "tenant %s: verified and restored\n", tenant)
			return nil
		},
	}
	c.Flags().StringVarP(&path, "config", "c", defaultConfig, "configuration file")
	c.Flags().StringVar(&tenant, "tenant", "", "id of the tenant; a backup knows whose it is")
	_ = c.MarkFlagRequired("tenant")
	return c
}

func compactStore(ctx context.Context, out io.Writer, dataDir string) error {
	bad := 0
	files, err := offline.Compact(ctx, dataDir, func(path string, before, after int64, err error) {
		if err != nil {
			bad++
			fmt.Fprintf(out, "%s: %v\n", path, err)
			return
		}
		fmt.Fprintf(out, "%s: %d bytes, were %d\n", path, after, before)
	})
	var locked *boltstore.LockedError
	switch {
	case errors.As(err, &locked):
		return fmt.Errorf("%s is in use; stop the server first", locked.Path)
	case err != nil:
		return err
	case bad > 0:
		return fmt.Errorf("%d of %d file(s) were left as they are", bad, files)
	}
	return nil
}
