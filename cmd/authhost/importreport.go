package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/authhost/authhost/engine/importer"
)

// printImport prints what an import found and did.
func printImport(out io.Writer, r *importer.Report, o importer.Options) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ntable\trows\tnew\tchanged\tunchanged\tkept\texpired\tunclaimed\trefused\tpruned")
	for _, t := range r.Tables {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", t.Table, t.Rows, t.New, t.Changed, t.Unchanged, t.Kept, t.Expired, t.Unclaimed, t.Refused, t.Pruned)
	}
	_ = w.Flush()
	if len(r.LeftOut) > 0 {
		fmt.Fprintln(out, "\nleft out:")
	}
	for _, l := range r.LeftOut {
		rows := "not counted"
		if l.Rows >= 0 {
			rows = fmt.Sprintf("%d row(s)", l.Rows)
		}
		fmt.Fprintf(out, "  %s, %s: %s\n", l.Table, rows, l.Why)
	}
	if r.Others > 0 {
		fmt.Fprintf(out, "  %d other table(s), which are not Better Auth's\n", r.Others)
	}
	section(out, "notes", r.Notes)
	var problems []string
	for _, p := range r.Problems {
		problems = append(problems, p.Error()+"\n    "+strings.ReplaceAll(p.Remedy, "\n", "\n    "))
	}
	section(out, "problems", problems)
	fmt.Fprintln(out)
}

func section(out io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, line := range lines {
		fmt.Fprintf(out, "  %s\n", line)
	}
}

// importVerdict says in a sentence how it ended.
func importVerdict(r *importer.Report, o importer.Options) string {
	var stored, refused int64
	for _, t := range r.Tables {
		stored += t.New + t.Changed
		refused += t.Refused
	}
	problems := fmt.Sprintf("%d problem(s), %d row(s)", len(r.Problems), refused)
	switch {
	case r.DryRun && len(r.Problems) > 0:
		return problems + "; nothing was written, because this is a dry run"
	case r.DryRun:
		return fmt.Sprintf("no problems; %d record(s) would be written", stored)
	case r.Stopped(o):
		return problems + "; nothing was written"
	case len(r.Problems) > 0:
		return fmt.Sprintf("%s were left out; %d record(s) written, %d of them read back", problems, stored, r.Verified)
	case stored == 0:
		return "nothing new: the tenant has it all"
	}
	return fmt.Sprintf("%d record(s) written, %d of them read back", stored, r.Verified)
}
