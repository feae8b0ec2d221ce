package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/admin"
	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/redis"
	"github.com/authhost/authhost/plugins"
)

func serveCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the tenants of a configuration file until interrupted",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), path, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVarP(&path, "config", "c", defaultConfig, "configuration file")
	return c
}

func serve(ctx context.Context, path string, out, errs io.Writer) error {
	start := time.Now()
	hangup := make(chan os.Signal, 1) // before there is anything to reload, too
	signal.Notify(hangup, syscall.SIGHUP)
	cfg, err := loadConfig(path)
	if err != nil {
		return err
	}
	logger := newLogger(cfg.Server, errs)
	for _, w := range cfg.Warnings {
		logger.Warn(w.Message, "at", w.Position().String(), "remedy", w.Remedy)
	}
	limitMemory(logger)
	useThreads()
	redis.Silence()
	sockets, err := passedSockets()
	if err != nil {
		return err
	}
	if err := engine.CheckListeners(cfg, sockets); err != nil {
		return err
	}
	fmt.Fprintf(out, "authhost %s\n", version())
	told := newProgress(out)
	e, err := engine.New(ctx, cfg, engine.Options{
		Listeners: sockets,
		BuiltIn:   plugins.Module, Version: version(), Logger: logger, Compiler: compileElsewhere,
		Progress: told.observe, CacheSecret: cacheSecret,
		OnFailure: func(err error) { die(logger, err) },
	})
	told.stop()
	if err != nil {
		return err
	}
	listeners, err := e.Listen()
	if err != nil {
		return errors.Join(err, e.Close(context.WithoutCancel(ctx)))
	}
	banner(out, cfg, e, listeners, time.Since(start))
	stop := reloadOnHangup(ctx, hangup, path, e, logger)
	err = e.Serve(ctx, listeners)
	stop()
	if err == nil {
		fmt.Fprintln(out, "stopped")
	}
	return errors.Join(err, e.Close(context.WithoutCancel(ctx)))
}

// Tests share compiled modules: their configurations name the folder, and this is
// what authenticates it.
var (
	loadConfig  = config.Load
	cacheSecret []byte
)

// reloadOnHangup opens the audit log and reads the configuration again at every
// SIGHUP. A fault in it leaves everything as it is.
func reloadOnHangup(ctx context.Context, hangup chan os.Signal, path string, e *engine.Engine, logger *slog.Logger) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hangup {
			if err := e.ReopenAudit(); err != nil {
				logger.Error("the audit log goes on with the file that it has", "error", err)
			}
			cfg, err := loadConfig(path)
			if err == nil {
				err = e.Reload(ctx, cfg)
			}
			if err != nil {
				logger.Error("the configuration was not reloaded; the old one stays", "error", err)
				continue
			}
			logger.Info("configuration reloaded", "tenants", len(cfg.Tenants))
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(hangup)
		<-done
	}
}

// die ends the process when data can no longer be written safely: what was
// acknowledged is on disk, and going on could lose what is not.
func die(logger *slog.Logger, err error) {
	logger.Error("the store can no longer be written; stopping at once so that nothing is acknowledged that is not on disk", "error", err)
	os.Exit(70)
}

func newLogger(s config.Server, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // checked with the configuration
	o := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// banner says what is served, with what, and what to try.
func banner(out io.Writer, cfg *config.Config, e *engine.Engine, listeners []engine.Listener, took time.Duration) {
	told := map[string]bool{}
	for _, t := range e.Status() {
		fmt.Fprintf(out, "tenant %s: %s\n", t.ID, t.AuthURL)
		for _, p := range t.Plugins {
			pluginBanner(out, p, told)
		}
	}
	var adminBase string
	for _, l := range listeners {
		if l.Admin {
			adminBase = "http://" + l.Addr
		}
	}
	switch {
	case cfg.Mail.SMTP != nil:
		fmt.Fprintf(out, "mail: %s:%d\n", cfg.Mail.SMTP.Host, cfg.Mail.SMTP.Port)
	case cfg.Server.Development && adminBase != "":
		fmt.Fprintf(out, "mail: kept in memory, see %s/dev/mails (/dev/outbox as JSON)\n", withToken(adminBase, e.AdminToken()))
	}
	if cfg.SMS.URL != "" {
		fmt.Fprintln(out, "text messages: to the provider at sms.url")
	}
	if adminBase != "" {
		fmt.Fprintf(out, "admin: %s (metrics, health; the rest with the token in %s)\n", adminBase, filepath.Join(cfg.Server.DataDir, admin.TokenFile))
	}
	for _, l := range listeners {
		if !l.Admin {
			fmt.Fprintf(out, "listening on http://%s\n", l.Addr)
		}
	}
	if cfg.Server.Development {
		tries(out, e.Status())
	}
	fmt.Fprintf(out, "ready in %d ms\n", took.Milliseconds())
}

// withToken is a URL of the admin listener that a browser opens without asking
// for the token.
func withToken(admin, token string) string {
	return strings.Replace(admin, "http://", "http://authhost:"+token+"@", 1)
}

// pluginBanner says what a plugin is, and what it may do, see and change; that
// of several tenants once, as long as it is the same.
func pluginBanner(out io.Writer, p engine.PluginStatus, told map[string]bool) {
	how := "compiled in"
	if p.FromCache {
		how = "from cache in"
	}
	fmt.Fprintf(out, "  %-16s %-8s %5.1f MB  %s %d ms  %s\n", p.ID, p.Version, float64(p.Size)/1e6, how, p.LoadTime.Milliseconds(), capabilityList(p.Capabilities))
	words := p.ID + "\n" + strings.Join(p.Access, "\n")
	if told[words] {
		return
	}
	told[words] = true
	for _, line := range p.Access {
		fmt.Fprintf(out, "      %s\n", line)
	}
}

func capabilityList(names []string) string {
	if len(names) == 0 {
		return "no capabilities"
	}
	return strings.Join(names, ", ")
}

// tries prints two commands for the first tenant that has sign-up.
func tries(out io.Writer, tenants []engine.TenantStatus) {
	for _, t := range tenants {
		for _, p := range t.Plugins {
			if p.ID != "email-password" {
				continue
			}
			fmt.Fprintf(out, `try:
  curl -c /tmp/authhost.jar -H 'Content-Type: application/json' %[1]s/sign-up/email \
    -d '{"name":"Ada","email":"ada@example.com","password":"correct-horse-1"}'
  curl -b /tmp/authhost.jar %[1]s/get-session
`, t.AuthURL)
			return
		}
	}
}
