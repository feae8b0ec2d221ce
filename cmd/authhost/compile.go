package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/sandbox"
)

// compileCommandName is what the server starts this program with again, to
// compile one module in a process whose memory and time are bounded.
const compileCommandName = "compile-module"

func compileCommand() *cobra.Command {
	return &cobra.Command{
		Use:    compileCommandName,
		Short:  "Compile the module on standard input for the server that started this process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return sandbox.ServeCompiler(c.Context(), c.InOrStdin())
		},
	}
}

// compileElsewhere is the server's end: it runs this program once more, with
// none of its environment, and hands it the job.
func compileElsewhere(ctx context.Context, job io.Reader) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, compileCommandName)
	cmd.Args[0] = os.Args[0]
	cmd.Env = []string{}
	cmd.Stdin, cmd.Stderr = job, &said
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		first, _, _ := strings.Cut(said.String(), "\n")
		return &sandbox.CompilerError{Message: fmt.Sprintf("%s: %s", exit, first)}
	}
	return err
}
