// Command authhost is a self-hosted authentication server: Better Auth's
// protocol, with every feature a sandboxed WebAssembly plugin.
//
//	authhost serve --config authhost.yaml
//	authhost config check authhost.yaml
//	authhost plugin inspect my-plugin.wasm
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// defaultConfig is the configuration file that commands read when none is
// named.
const defaultConfig = "authhost.yaml"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		report(os.Stderr, err)
		stop()
		os.Exit(status(err))
	}
}

// exitError is an error with an exit status of its own.
type exitError struct {
	status  int
	message string
}

func (e *exitError) Error() string { return e.message }

// status is the exit status for an error.
func status(err error) int {
	var e *exitError
	if errors.As(err, &e) {
		return e.status
	}
	return 1
}

// report prints an error; several joined ones, such as the faults of a
// configuration file, are one line each.
func report(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "authhost: %s\n", strings.TrimSuffix(line, "\n"))
	}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "authhost",
		Short:         "A self-hosted authentication server whose features are sandboxed WebAssembly plugins",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.SetVersionTemplate("authhost {{.Version}}\n")
	c.AddCommand(serveCommand(), configCommand(), storeCommand(), backupCommand(), restoreCommand(), importCommand(), pluginCommand(), keysCommand(), outboxCommand(), versionCommand(), compileCommand())
	c.SetFlagErrorFunc(withUsage)
	showUsage(c)
	return c
}

// withUsage adds to an error about arguments or flags how the command is used.
func withUsage(c *cobra.Command, err error) error {
	return fmt.Errorf("%w; usage: %s", err, c.UseLine())
}

// showUsage makes wrong arguments of a command, and of those below it, tell how it
// is used.
func showUsage(c *cobra.Command) {
	for _, child := range c.Commands() {
		showUsage(child)
	}
	check := c.Args
	if check == nil || c.HasSubCommands() {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return withUsage(c, err)
		}
		return nil
	}
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		_ = c.Help()
		return errors.New(c.CommandPath() + " needs a subcommand")
	}}
	c.AddCommand(children...)
	return c
}
