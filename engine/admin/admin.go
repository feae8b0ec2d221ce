package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/backup"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/mail"
	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/sms"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/tenant"
)

// Server is what the listener asks of the server that it belongs to.
type Server interface {
	// Tenant returns a tenant that is served, nil if there is none with the id.
	Tenant(id string) *Tenant
	// Health says what is wrong with the server.
	Health() Health
	// Backup copies the records of a tenant or, with "", of all. Errors are
	// those of backup.Writer, and tenant.UnknownError.
	Backup(ctx context.Context, tenant string) (*backup.Backup, error)
	// Rollback goes back to the configuration before the last reload.
	Rollback() error
}

// Health is what is wrong with a server, a line for each fault.
type Health struct {
	Faults []string // of the server as a whole
	Down   bool     // they keep it from its work: it should get no requests
	Parts  []string // of tenants and plugins: their requests are refused, all others are served
}

// Tenant is a tenant as operators see it.
type Tenant struct {
	ID     string
	API    *httpapi.API
	Store  store.Tenant
	Keys   *keyring.Ring
	Outbox *outbox.Worker // nil: no plugin of it has events delivered
	// Forget deletes what there is of the tenant besides the store.
	Forget func(ctx context.Context) error
	// RunSchedule runs a schedule of a plugin now.
	RunSchedule func(ctx context.Context, plugin, name string) error
}

// Config says what a listener shows and who may use it.
type Config struct {
	Server      Server
	Metrics     http.Handler
	Listen      string   // the address of the listener
	Hosts       []string // further names that it is called by
	Token       string
	Development bool
	Mails       *mail.Catcher // nil outside of development
	Messages    *sms.Catcher  // likewise
	Logger      *slog.Logger
}

// listener answers for a Config.
type listener struct{ Config }

// Handler serves the operator's listener: for everybody who reaches it
//
//	GET  /metrics                          Prometheus metrics
//	GET  /livez, /readyz                   health
//
// and with the token in TokenFile
//
//	GET  /keys?tenant=&use=                signing keys, their public parts
//	GET  /keys/export?tenant=&use=&format= the published ones, for verifiers that fetch nothing
//	POST /keys/rotate?tenant=&use=&alg=    publish a new signing key
//	POST /keys/withdraw?tenant=&use=&kid=  end one at once
//	GET  /outbox?tenant=                   events that plugins have yet to take, and dead letters
//	POST /outbox/replay?tenant=            deliver dead letters again
//	POST /backup[?tenant=]                 copy the records into server.backupDir
//	POST /rollback                         go back to the configuration before the last reload
//
// and in development, where nothing is secret:
//
//	GET    /dev/outbox[?tenant=]           mails and text messages, oldest first, as JSON
//	GET    /dev/mails[?tenant=]            the same as a page, newest first
//	GET    /dev/mails/{number}             the HTML of a mail
//	DELETE /dev/outbox                     forget them
//	GET    /dev/routes?tenant=             what is served
//	POST   /dev/reset?tenant=              delete the tenant's records
//	POST   /dev/schedule?tenant=&plugin=&schedule=  run a schedule of a plugin now; with
//	                                       key=, make an appointment of its due now
func Handler(c Config) http.Handler {
	l := &listener{c}
	m := http.NewServeMux()
	m.Handle("GET /metrics", c.Metrics)
	m.HandleFunc("GET /livez", alive)
	m.HandleFunc("GET /readyz", l.ready)
	m.HandleFunc("GET /keys", l.keys(listKeys))
	m.HandleFunc("GET /keys/export", l.keys(exportKeys))
	m.HandleFunc("POST /keys/rotate", l.keys(l.rotateKeys))
	m.HandleFunc("POST /keys/withdraw", l.keys(l.withdrawKey))
	m.HandleFunc("GET /outbox", l.listOutbox)
	m.HandleFunc("POST /outbox/replay", l.replayOutbox)
	m.HandleFunc("POST /backup", l.backup)
	m.HandleFunc("POST /rollback", l.rollback)
	if c.Development {
		m.HandleFunc("GET /dev/outbox", l.listSent)
		m.HandleFunc("GET /dev/mails", l.mailsPage)
		m.HandleFunc("GET /dev/mails/{number}", l.mailPage)
		m.HandleFunc("DELETE /dev/outbox", l.forgetSent)
		m.HandleFunc("GET /dev/routes", l.routes)
		m.HandleFunc("POST /dev/reset", l.reset)
		m.HandleFunc("POST /dev/schedule", l.runSchedule)
	}
	return newGuard(c, m)
}

// alive answers once the engine is open; before that there is no listener.
func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready answers like alive, or with 503 while the server cannot do its work, and
// why. It names the tenants whose data is damaged and the plugins that keep
// failing.
func (l *listener) ready(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	h := l.Server.Health()
	if h.Down {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		fmt.Fprintln(w, "ok")
	}
	for _, fault := range append(h.Faults, h.Parts...) {
		fmt.Fprintln(w, fault)
	}
}

// tenant returns the tenant that a request names, or answers that there is none.
func (l *listener) tenant(w http.ResponseWriter, r *http.Request) *Tenant {
	id := r.URL.Query().Get("tenant")
	if t := l.Server.Tenant(id); t != nil {
		return t
	}
	refuse(w, http.StatusNotFound, tenant.UnknownError(id))
	return nil
}

func (l *listener) rollback(w http.ResponseWriter, _ *http.Request) {
	if err := l.Server.Rollback(); err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	l.Logger.Info("went back to the configuration before the last reload")
	w.WriteHeader(http.StatusNoContent)
}

func (l *listener) routes(w http.ResponseWriter, r *http.Request) {
	if t := l.tenant(w, r); t != nil {
		routes := append([]httpapi.Route{}, t.API.Routes()...)
		answer(w, http.StatusOK, routes)
	}
}

func (l *listener) reset(w http.ResponseWriter, r *http.Request) {
	t := l.tenant(w, r)
	if t == nil {
		return
	}
	err := empty(r.Context(), t.Store)
	if err == nil {
		err = t.Forget(r.Context())
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	l.clearSent(t.ID)
	w.WriteHeader(http.StatusNoContent)
}

// backup writes a backup. Where it goes is the operator's configuration alone:
// who reaches the listener can have one made, and neither get it nor choose its
// place.
func (l *listener) backup(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	b, err := l.Server.Backup(r.Context(), r.URL.Query().Get("tenant"))
	if err != nil {
		status := http.StatusInternalServerError
		var unknown tenant.UnknownError
		switch {
		case errors.As(err, &unknown):
			status = http.StatusNotFound
		case errors.Is(err, backup.ErrNoFolder), errors.Is(err, backup.ErrRunning):
			status = http.StatusConflict
		default:
			l.Logger.Error("the backup failed", "error", err)
		}
		refuse(w, status, err)
		return
	}
	l.Logger.Info("backup written", "folder", b.Folder, "tenants", len(b.Files), "seconds", time.Since(start).Seconds())
	answer(w, http.StatusOK, b)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the operator's client went away
}

// refuse answers with an error for the operator.
func refuse(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}
