package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/ratelimit"
)

// auditLog is the audit log of all tenants. Of refusals and failures that repeat
// it has the first and how many followed: clients cause those at no cost of
// theirs, and would fill the disk. What was done is always recorded.
type auditLog struct {
	*audit.Keeper
	file     *audit.File
	refusals ratelimit.Sampler[refusal]
}

// refusal is a kind of refused or failed events.
type refusal struct{ tenant, plugin, action, outcome, route, handler, code, reason string }

// openAudit opens the file, and counts what cannot be written to it.
func (e *Engine) openAudit(context.Context) error {
	c := e.config.Audit
	path := c.File
	if path == "" {
		path = filepath.Join(e.config.Server.DataDir, "audit.jsonl")
	}
	file, err := audit.NewFile(path, audit.FileConfig{
		MaxBytes: orNever(c.MaxBytes), MaxAge: orNever(c.MaxAge.Std()), Keep: orNever(c.Keep), SyncEvery: orNever(c.SyncEvery.Std()),
		Failed: func(err error) {
			e.metrics.AuditFault()
			e.logger.Error("the audit log is not as safe as it should be", "error", err)
		},
		Now: e.options.Now,
	})
	if err != nil {
		return e.config.Origin.Fault("/audit/file", fmt.Sprintf("audit log %s: %v", path, config.Cause(err)), "set audit.file to a file that this user may write to")
	}
	l := &auditLog{file: file, Keeper: audit.NewKeeper(file, audit.KeeperConfig{Policy: c.OnFailure, Lost: e.metrics.AuditLost, Now: e.options.Now})}
	l.refusals.Report = l.report
	e.audit = l
	e.metrics.WatchAudit(func() bool { _, err := l.Failure(); return err != nil })
	e.onClose(func(context.Context) error {
		l.refusals.Flush()
		return l.Close()
	})
	return nil
}

// orNever makes 0, with which a configuration turns a bound off, what turns it
// off in an audit.FileConfig.
func orNever[N int | int64 | time.Duration](n N) N {
	if n == 0 {
		return -1
	}
	return n
}

// Record implements audit.Log.
func (l *auditLog) Record(ctx context.Context, e audit.Event) error {
	if !l.wants(e) {
		return nil
	}
	return l.Keeper.Record(ctx, e)
}

// Happened records what has happened already.
func (l *auditLog) Happened(ctx context.Context, e audit.Event) {
	if l.wants(e) {
		l.Keeper.Happened(ctx, e)
	}
}

// wants reports whether an event is recorded, and not counted alone.
func (l *auditLog) wants(e audit.Event) bool {
	if e.Outcome == audit.Success || e.Outcome == "" || e.Outcome == outcomeOK {
		return true
	}
	return l.refusals.Take(refusal{
		tenant: e.Tenant, plugin: e.Plugin, action: e.Action, outcome: e.Outcome,
		route: e.Details["route"], handler: e.Details["handler"], code: e.Details["code"], reason: e.Details["reason"],
	}, e.IP)
}

// report records how many events of a kind were left out.
func (l *auditLog) report(kind refusal, left int64) {
	details := map[string]string{"leftOut": strconv.FormatInt(left, 10)}
	for name, value := range map[string]string{"route": kind.route, "handler": kind.handler, "code": kind.code, "reason": kind.reason} {
		if value != "" {
			details[name] = value
		}
	}
	l.Keeper.Happened(context.Background(), audit.Event{
		Tenant: kind.tenant, Plugin: kind.plugin, Action: kind.action, Outcome: kind.outcome, Details: details,
	})
}

// ReopenAudit opens the file of the audit log by its name again, after a tool
// has moved it away.
func (e *Engine) ReopenAudit() error { return e.audit.file.Reopen() }
