package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/internal/bind"
	"github.com/authhost/authhost/pluginapi"
)

func pluginCommand() *cobra.Command {
	return group("plugin", "Begin, bind, check, call, test and pack plugins",
		pluginNewCommand(), pluginBindCommand(), pluginCheckCommand(), pluginCallCommand(), pluginTestCommand(), pluginInspectCommand(), pluginPackCommand())
}

func pluginInspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect MODULE.wasm",
		Short: "Show what a plugin is, what it asks for and what it serves, without running it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			wasm, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return inspectModule(c.OutOrStdout(), args[0], wasm)
		},
	}
}

func pluginBindCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "bind [FOLDER]",
		Short: "Write the Go code of a plugin that its manifest already says",
		Long: `Write ` + bind.File + ` beside the manifest.json of a plugin in Go: it registers the
functions that the manifest names as handlers, and has the errors, the names of
cookies, models, purposes and key uses, and types for the configuration, the
mails, and the bodies and queries of endpoints: of a handler "add" it makes the
type addBody, which the handler uses as addBody{c.Request()}. Run it when the
manifest has changed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			folder := "."
			if len(args) == 1 {
				folder = args[0]
			}
			return bindManifest(c.OutOrStdout(), folder, check)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing, and fail if the file is not what the manifest says")
	return c
}

func bindManifest(out io.Writer, folder string, check bool) error {
	target := filepath.Join(folder, bind.File)
	if check {
		return bind.Check(folder)
	}
	changed, err := bind.Write(folder)
	if err != nil {
		return err
	}
	if changed {
		fmt.Fprintln(out, target)
	}
	return nil
}

func pluginPackCommand() *cobra.Command {
	var output string
	pack := &cobra.Command{
		Use:   "pack MODULE.wasm MANIFEST.json",
		Short: "Check a manifest and put it into a module",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if output == "" {
				output = args[0]
			}
			return packModule(c.OutOrStdout(), args[0], args[1], output)
		},
	}
	pack.Flags().StringVarP(&output, "output", "o", "", "file to write (default: the module itself)")
	return pack
}

func inspectModule(out io.Writer, path string, wasm []byte) error {
	info, err := sandbox.Inspect(wasm)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(out, "%s: %d bytes, sha256 %s\n", path, info.Size, info.Hash)
	fmt.Fprintf(out, "imports the capabilities: %s\n", capabilityList(info.Capabilities))
	manifest, err := pluginapi.ManifestOf(wasm)
	if err != nil {
		return fmt.Errorf("%s: %w; add one with: authhost plugin pack", path, err)
	}
	fmt.Fprintf(out, "plugin %s %s, ABI %s\n", manifest.ID, manifest.Version, manifest.ABI)
	for _, h := range manifest.Handlers {
		switch h.Kind {
		case pluginapi.KindEndpoint:
			fmt.Fprintf(out, "  %2d %s %s\n", h.Number, h.Method, h.Path)
		case pluginapi.KindService:
			fmt.Fprintf(out, "  %2d service %s\n", h.Number, h.Service)
		case pluginapi.KindSchedule:
			fmt.Fprintf(out, "  %2d schedule %s (%s)\n", h.Number, h.Schedule, h.When())
		default:
			fmt.Fprintf(out, "  %2d on %s\n", h.Number, h.Event)
		}
	}
	for _, line := range asksFor(manifest) {
		fmt.Fprintln(out, line)
	}
	return nil
}

// asksFor says in words what a plugin asks for, sees, changes and adds.
func asksFor(m *pluginapi.Manifest) (lines []string) {
	for _, c := range m.Capabilities {
		lines = append(lines, "asks for "+c.Words())
	}
	for _, p := range m.Permissions {
		lines = append(lines, "asks for "+p.Words())
	}
	if !m.KnowsPermissions() {
		may := grants.Permissions(m, grants.Asked(m))
		for _, name := range may.Names() {
			lines = append(lines, "needs "+pluginapi.Permission{Name: name}.Words())
		}
		if missed := grants.Withheld(m, may); missed != 0 {
			lines = append(lines, fmt.Sprintf("may need, as it was made for ABI %s: %s", m.ABI, missed))
		}
	}
	return append(lines, m.DoesWords()...)
}

func packModule(out io.Writer, module, manifest, output string) error {
	wasm, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	packed, err := pluginapi.PackModule(wasm, text)
	if err != nil {
		return bind.InFile(manifest, err)
	}
	if err := os.WriteFile(output, packed, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d bytes\n", output, len(packed))
	return nil
}
