package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/plugins"
)

func configCommand() *cobra.Command {
	check := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration file and say what is wrong with it",
		Long: `Check a configuration file and say what is wrong with it: its keys and values,
the modules of plugins and what they ask for, their settings, and routes,
cookies and fields that clash. Modules are not compiled, and nothing is started.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path := defaultConfig
			if len(args) == 1 {
				path = args[0]
			}
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			if err := blueprint.Check(cfg, plugins.Module); err != nil {
				return err
			}
			for _, w := range cfg.Warnings {
				fmt.Fprintf(c.OutOrStdout(), "warning: %v\n", w)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: ok, %d tenant(s)\n", path, len(cfg.Tenants))
			return nil
		},
	}
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configuration files, for editors",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(config.Schema())
			return err
		},
	}
	return group("config", "Check configuration files", check, schema)
}
