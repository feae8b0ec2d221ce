package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/internal/workbench"
	"github.com/authhost/authhost/plugins"
)

func workbenchOptions() workbench.Options {
	return workbench.Options{BuiltIn: plugins.Module, Version: version(), Compiler: compileElsewhere, Env: os.LookupEnv}
}

func pluginNewCommand() *cobra.Command {
	p := workbench.Project{Version: version(), Taken: plugins.IDs()}
	c := &cobra.Command{
		Use:   "new NAME --lang LANGUAGE",
		Short: "Begin a plugin: a small one that builds, with its tests, in " + strings.Join(workbench.Languages(), ", "),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p.Name = args[0]
			return newProject(c.OutOrStdout(), p)
		},
	}
	f := c.Flags()
	f.StringVar(&p.Language, "lang", "", "language: "+strings.Join(workbench.Languages(), ", "))
	f.StringVar(&p.Dir, "dir", "", "folder for the project (default: NAME)")
	f.StringVar(&p.SDK, "sdk", "", "for Go: a checkout of authhost, which has the SDK")
	return c
}

func newProject(out io.Writer, p workbench.Project) error {
	files, err := workbench.New(p)
	if err != nil {
		return err
	}
	if p.Dir == "" {
		p.Dir = p.Name
	}
	for _, name := range files {
		fmt.Fprintln(out, filepath.Join(p.Dir, name))
	}
	fmt.Fprintf(out, "next:\n  cd %s\n", p.Dir)
	switch {
	case p.NeedsReplace():
		fmt.Fprintln(out, "  # this authhost is no release; the SDK is in a checkout of it")
		fmt.Fprintln(out, "  go mod edit -replace github.com/authhost/authhost/sdk=CHECKOUT/sdk -replace github.com/authhost/authhost/pluginapi=CHECKOUT/pluginapi")
	case p.NeedsDownload():
		fmt.Fprintln(out, "  go mod tidy  # fetches the SDK")
	}
	fmt.Fprintf(out, "  make         # builds %[1]s.wasm\n  make check   # what it asks for and serves\n  make test    # runs its tests\n  make serve   # a server with it\n", p.Name)
	return nil
}

func pluginCheckCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check MODULE.wasm",
		Short: "Load a plugin as a server does, and show what it asks for, what it serves and what it takes to run it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			report, err := workbench.Check(c.Context(), args[0], workbenchOptions())
			if err != nil {
				return err
			}
			if err := print(c.OutOrStdout(), asJSON, report); err != nil || report.OK() {
				return err
			}
			lines := make([]string, len(report.Problems))
			for i, p := range report.Problems {
				lines[i] = args[0] + ": " + p.String()
			}
			return &exitError{status: 1, message: strings.Join(lines, "\n")}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

// print writes what there is to say, for people or as JSON.
func print(out io.Writer, asJSON bool, v interface{ Write(io.Writer) }) error {
	if !asJSON {
		v.Write(out)
		return nil
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func pluginCallCommand() *cobra.Command {
	var input, settings string
	var asJSON bool
	o := workbenchOptions()
	c := &cobra.Command{
		Use:   "call MODULE.wasm (EVENT | NUMBER | METHOD PATH)",
		Short: "Call one handler of a plugin in the server's sandbox, with a store that is thrown away",
		Long: `Call one handler of a plugin in the server's sandbox, with a store that is thrown
away and everything granted that its manifest asks for. An endpoint is called
with all that the server does around it; a hook is called alone.

The input has members of the document (pluginapi/ABI.md): request, session,
event, record, previous, claims, response. Besides, storage has records by model
that are to be there, users has users who are not that of the session, and now is
the time of the call. JSON can also come from a file, @FILE, or from standard
input, @-.`,
		Example: `  authhost plugin call rule.wasm user.creating --config '{"domain":"acme.example"}' --input '{"record":{"email":"eve@other.example"}}'
  authhost plugin call visits.wasm GET /visits --input '{"session":{"user":{"email":"ada@example.com"}}}'`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(c *cobra.Command, args []string) error {
			module, err := workbench.Read(args[0])
			if err != nil {
				return err
			}
			inputText, err := argument(c.InOrStdin(), input)
			if err != nil {
				return err
			}
			settingsText, err := argument(c.InOrStdin(), settings)
			if err != nil {
				return err
			}
			return callHandler(c, module, o, strings.Join(args[1:], " "), inputText, settingsText, asJSON)
		},
	}
	f := c.Flags()
	f.StringVarP(&input, "input", "i", "{}", "what the handler is called with, as JSON or @FILE")
	f.StringVar(&settings, "config", "{}", "the plugin's configuration, as JSON or @FILE")
	callFlags(c, &o)
	f.BoolVar(&asJSON, "json", false, "print what came of it as JSON")
	return c
}

// argument is the value of a flag, or the file that it names after an @.
func argument(stdin io.Reader, value string) ([]byte, error) {
	name, isFile := strings.CutPrefix(value, "@")
	switch {
	case !isFile:
		return []byte(value), nil
	case name == "-":
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

func callHandler(c *cobra.Command, module *workbench.Module, o workbench.Options, handler string, input, settings []byte, asJSON bool) (err error) {
	in, err := workbench.ParseInput(input)
	if err != nil {
		return err
	}
	bench, err := workbench.Open(c.Context(), module, settings, o)
	if err != nil {
		return err
	}
	defer func() {
		if e := bench.Close(c.Context()); err == nil {
			err = e
		}
	}()
	outcome, err := bench.Call(c.Context(), handler, in)
	if err != nil {
		return err
	}
	if err := print(c.OutOrStdout(), asJSON, outcome); err != nil || !outcome.Failed() {
		return err
	}
	return fmt.Errorf("handler %d: %s", *outcome.Handler, outcome.Result)
}

// testsFile is where a plugin's tests are, if nothing else is said.
const testsFile = "tests.json"

// callFlags are the flags of commands that call handlers.
func callFlags(c *cobra.Command, o *workbench.Options) {
	f := c.Flags()
	f.StringVar(&o.Dialect, "dialect", "", "dialect of the tenant in which handlers are called: 1.6 (default) or 1.7")
	f.Func("with", "plugin that comes with authhost, to be enabled before this one; can be repeated", func(id string) error {
		o.With = append(o.With, workbench.With{ID: id})
		return nil
	})
}

func pluginTestCommand() *cobra.Command {
	var asJSON bool
	o := workbenchOptions()
	c := &cobra.Command{
		Use:   "test MODULE.wasm [TESTS.json]",
		Short: "Run the tests of a plugin in the server's sandbox: calls, and what is to come of them",
		Long: `Run the tests of a plugin in the server's sandbox. TESTS.json, by default
tests.json, has calls as "plugin call" makes them, and what is to come of them:
members of what that prints with --json. Each test has a store of its own. Its
steps share that, and the cookies of one client.

  {"config": {"domain": "acme.example"},
   "tests": [
     {"name": "others cannot sign up", "call": "user.creating",
      "record": {"email": "eve@other.example"},
      "want": {"result": "deny", "error": {"code": "FOREIGN_ADDRESS"}}},
     {"name": "visits are counted", "steps": [
      {"call": "POST /visits", "session": {}, "want": {"response": {"status": 200}}},
      {"call": "GET /visits", "want": {"response": {"body": {"count": 1}}}}]}]}`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			path := testsFile
			if len(args) == 2 {
				path = args[1]
			}
			module, err := workbench.Read(args[0])
			if err != nil {
				return err
			}
			tests, err := workbench.ReadTests(path)
			if err != nil {
				return err
			}
			return runTests(c, module, o, tests, asJSON)
		},
	}
	callFlags(c, &o)
	c.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON for each test")
	return c
}

func runTests(c *cobra.Command, module *workbench.Module, o workbench.Options, tests *workbench.Tests, asJSON bool) error {
	out, failed := c.OutOrStdout(), 0
	err := tests.Run(c.Context(), module, o, func(r workbench.TestResult) {
		if !r.OK {
			failed++
		}
		if !asJSON {
			r.Write(out)
			return
		}
		line, _ := json.Marshal(r) // it is made of JSON
		fmt.Fprintf(out, "%s\n", line)
	})
	if err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d tests failed", failed, len(tests.Tests))
	}
	if !asJSON {
		fmt.Fprintf(out, "%d tests passed\n", len(tests.Tests))
	}
	return nil
}
