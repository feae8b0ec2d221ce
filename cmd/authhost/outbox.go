package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine/admin"
)

// outboxFlags choose events of a tenant's outbox on a running server, which
// alone may open the files of its store.
type outboxFlags struct {
	admin                                    adminFlags
	tenant, id, plugin, target, state, since string
	limit                                    int
}

func (o *outboxFlags) register(c *cobra.Command, states string) {
	o.admin.add(c)
	f := c.Flags()
	f.StringVar(&o.tenant, "tenant", "", "id of the tenant")
	f.StringVar(&o.id, "id", "", "only the event with this id")
	f.StringVar(&o.plugin, "plugin", "", "only events for this plugin")
	f.StringVar(&o.target, "target", "", "only events for this target of it, such as an endpoint of webhooks")
	f.StringVar(&o.state, "state", "", states)
	f.StringVar(&o.since, "since", "", "only events from this time on, such as 2026-01-02T03:04:05Z")
	_ = c.MarkFlagRequired("tenant")
}

func (o *outboxFlags) query() url.Values {
	q := url.Values{"tenant": {o.tenant}}
	for name, value := range map[string]string{"id": o.id, "plugin": o.plugin, "target": o.target, "state": o.state, "since": o.since} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if o.limit > 0 {
		q.Set("limit", strconv.Itoa(o.limit))
	}
	return q
}

func outboxCommand() *cobra.Command {
	var listed, replayed outboxFlags
	list := &cobra.Command{
		Use:   "list",
		Short: "Show events that plugins have yet to take, and dead letters, of a running server",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var entries []admin.OutboxEntry
			if err := listed.admin.call(c.Context(), http.MethodGet, "/outbox", listed.query(), adminTimeout, &entries); err != nil {
				return err
			}
			return printOutbox(c.OutOrStdout(), entries)
		},
	}
	listed.register(list, "only events in this state: due, waiting, dead or done")
	list.Flags().IntVar(&listed.limit, "limit", 100, "at most so many, up to 1000")
	replay := &cobra.Command{
		Use:   "replay",
		Short: "Have a running server deliver dead letters again, after what is due; ids stay the same",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var body struct{ Replayed int }
			if err := replayed.admin.call(c.Context(), http.MethodPost, "/outbox/replay", replayed.query(), adminTimeout, &body); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d event(s) are delivered again\n", body.Replayed)
			return nil
		},
	}
	replayed.register(replay, "dead, or done: those that were delivered, as far as outbox.keepDelivered kept them (default dead)")
	return group("outbox", "Look after events that plugins must not miss", list, replay)
}

func printOutbox(out io.Writer, entries []admin.OutboxEntry) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATE\tEVENT\tTIME\tPLUGIN\tTARGET\tUSER\tATTEMPTS\tID\tLAST ERROR")
	for _, e := range entries {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", e.State, e.Event, e.Time.UTC().Format(time.RFC3339), e.Plugin, cmp.Or(e.Target, e.Schedule, e.Message), e.UserID, e.Attempts, printable(e.ID), printable(e.LastError))
	}
	return w.Flush()
}

// printable drops what would move a terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
