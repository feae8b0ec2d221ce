package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/importer"
	"github.com/authhost/authhost/engine/importer/pgsource"
	"github.com/authhost/authhost/engine/offline"
	"github.com/authhost/authhost/plugins"
)

// problemsFound is the exit status of an import that has found problems.
const problemsFound = 2

// importFlags are what the operator says on the command line.
type importFlags struct {
	config, tenant, from, schema, zone string
	tables, columns                    map[string]string
	options                            importer.Options
}

func importCommand() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "better-auth",
		Short: "Move the users of a Better Auth application into a tenant",
		Long: `Move the users of a Better Auth application into a tenant: users, accounts with
their passwords, sessions, second factors, signing keys. With the application's
secret in the tenant's configuration, users stay signed in.

Run it with --dry-run first: it reads everything, finds every problem and writes
nothing. The server must not run meanwhile. Running it again imports what is new
or has changed. docs/migrate.md goes through it step by step.

The exit status is 0 when all is well, 2 when there are problems (and nothing
was written, unless --skip-problems leaves their rows out), and 1 when something
else went wrong.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runImport(c.Context(), f, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	p := c.Flags()
	p.StringVarP(&f.config, "config", "c", defaultConfig, "configuration file")
	p.StringVar(&f.tenant, "tenant", "", "id of the tenant that takes the users")
	p.StringVar(&f.from, "from", "", "where they come from: postgres://…, a folder or .zip of exported tables; or env:NAME or file:PATH, where that is written")
	p.StringVar(&f.schema, "schema", "", "schema of the tables in PostgreSQL (default: that of the connection, usually public)")
	p.BoolVar(&f.options.DryRun, "dry-run", false, "find every problem and write nothing")
	p.StringToStringVar(&f.tables, "table", nil, "table of a model where it has another name, such as user=members")
	p.StringToStringVar(&f.columns, "column", nil, "column of a field where it has another name, such as user.email=mail")
	p.StringSliceVar(&f.options.Ignore, "ignore", nil, "table or column to leave out, such as jwks or user.legacyId")
	p.StringVar(&f.zone, "time-zone", "UTC", "zone of times that are stored without one, such as Europe/Berlin")
	p.BoolVar(&f.options.SkipProblems, "skip-problems", false, "leave rows with problems out instead of writing nothing")
	p.BoolVar(&f.options.Prune, "prune", false, "delete records of the tenant that the source does not have")
	_ = c.MarkFlagRequired("tenant")
	_ = c.MarkFlagRequired("from")
	return group("import", "Take users over from another server", c)
}

func runImport(ctx context.Context, f importFlags, out, errs io.Writer) (err error) {
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	o := f.options
	o.Tables, o.Columns, o.Progress = f.tables, f.columns, importProgress(errs)
	if o.Zone, err = time.LoadLocation(f.zone); err != nil {
		return fmt.Errorf("--time-zone: %w", err)
	}
	open := offline.Open
	if o.DryRun {
		open = offline.Rehearse
	}
	target, err := open(ctx, cfg, f.tenant, offline.Options{BuiltIn: plugins.Module})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	source, err := openSource(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close(context.WithoutCancel(ctx))) }()
	fmt.Fprintf(out, "from %s\nto tenant %s in %s\n", source.Name(), f.tenant, target.Where)
	report, err := importer.Run(ctx, source, target.Target, o)
	if report != nil {
		printImport(out, report, o)
	}
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return &exitError{status: problemsFound, message: importVerdict(report, o)}
	}
	fmt.Fprintln(out, importVerdict(report, o))
	return nil
}

func openSource(ctx context.Context, f importFlags) (importer.Source, error) {
	from := f.from
	switch kind, name, _ := strings.Cut(from, ":"); kind {
	case "env":
		if from = os.Getenv(name); from == "" {
			return nil, fmt.Errorf("--from: the variable %s is not set", name)
		}
	case "file":
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("--from: %w", err)
		}
		from = strings.TrimSpace(string(text))
	}
	if strings.HasPrefix(from, "postgres://") || strings.HasPrefix(from, "postgresql://") {
		return pgsource.Open(ctx, pgsource.Config{URL: from, Schema: f.schema})
	}
	if strings.Contains(from, "://") {
		return nil, errors.New("--from: only PostgreSQL is read directly; export the tables of other databases to files, see docs/migrate.md")
	}
	return importer.Files(from)
}

// progressPause is the time between two lines of progress.
const progressPause = 2 * time.Second

// importProgress writes a line now and then.
func importProgress(out io.Writer) func(importer.Progress) {
	last := time.Now()
	return func(p importer.Progress) {
		if time.Since(last) < progressPause {
			return
		}
		last = time.Now()
		if p.Total > 0 {
			fmt.Fprintf(out, "%s %s: %d of %d\n", p.Pass, p.Table, p.Done, p.Total)
		} else {
			fmt.Fprintf(out, "%s %s: %d\n", p.Pass, p.Table, p.Done)
		}
	}
}
