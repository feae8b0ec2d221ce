package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/audit"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/store"
)

// Admin serves the operator's listener: for everybody who reaches it
//
//	GET  /metrics                          Prometheus metrics
//	GET  /livez, /readyz                   health
//
// and with the token in AdminTokenFile
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
func (e *Engine) Admin() http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /metrics", e.metrics.Handler())
	m.HandleFunc("GET /livez", alive)
	m.HandleFunc("GET /readyz", e.ready)
	m.HandleFunc("GET /keys", e.adminKeys(listKeys))
	m.HandleFunc("GET /keys/export", e.adminKeys(exportKeys))
	m.HandleFunc("POST /keys/rotate", e.adminKeys(e.rotateKeys))
	m.HandleFunc("POST /keys/withdraw", e.adminKeys(e.withdrawKey))
	m.HandleFunc("GET /outbox", e.adminEvents)
	m.HandleFunc("POST /outbox/replay", e.adminReplay)
	m.HandleFunc("POST /backup", e.adminBackup)
	m.HandleFunc("POST /rollback", e.adminRollback)
	if e.config.Server.Development {
		m.HandleFunc("GET /dev/outbox", e.adminOutbox)
		m.HandleFunc("GET /dev/mails", e.adminMails)
		m.HandleFunc("GET /dev/mails/{number}", e.adminMail)
		m.HandleFunc("DELETE /dev/outbox", e.adminClearOutbox)
		m.HandleFunc("GET /dev/routes", e.adminRoutes)
		m.HandleFunc("POST /dev/reset", e.adminReset)
		m.HandleFunc("POST /dev/schedule", e.adminSchedule)
	}
	return newAdminGuard(e.config.Server.Admin, e.config.Server.AdminHosts, e.adminToken, m)
}

// alive answers once the engine is open; before that there is no listener.
func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// faults says what keeps the server from its work, and whether it should get no
// requests therefore.
func (e *Engine) faults() (faults []string, down bool) {
	if e.draining.Load() {
		faults, down = append(faults, "unavailable: the server is stopping"), true
	}
	if h := e.storeHealth(); h.Err != nil {
		faults, down = append(faults, fmt.Sprintf("unavailable: %s has not answered since %s: %v", h.Name, h.Since.UTC().Format(time.RFC3339), h.Err)), true
	}
	if since, err := e.audit.Failure(); err != nil {
		down = down || e.config.Audit.OnFailure != audit.Count
		faults = append(faults, fmt.Sprintf("degraded: the audit log cannot be written since %s: %v", since.UTC().Format(time.RFC3339), err))
	}
	return faults, down
}

// ready answers like alive, or with 503 while the server cannot do its work, and
// why. It names the tenants whose data is damaged and the plugins that keep
// failing: their requests are refused, all others are served.
func (e *Engine) ready(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	faults, down := e.faults()
	if down {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		fmt.Fprintln(w, "ok")
	}
	for _, fault := range faults {
		fmt.Fprintln(w, fault)
	}
	for _, t := range e.current.Load().tenants {
		if err := quarantineOf(t.store); err != nil {
			fmt.Fprintf(w, "degraded: tenant %s is answered with 503: %v\n", t.config.ID, err)
		}
		for _, p := range t.api.Plugins.Plugins() {
			if h := p.Module.Health(); !h.OpenUntil.IsZero() {
				fmt.Fprintf(w, "degraded: tenant %s, plugin %s failed %d times in a row and is not called for a while\n", t.config.ID, p.ID, h.Failures)
			}
		}
	}
}

// storeHealth tells whether the store's database answers.
func (e *Engine) storeHealth() store.Health {
	if m, can := e.store.(store.Monitored); can {
		return m.Health()
	}
	return store.Health{}
}

// adminTenant returns the tenant that a request names, or answers that there is
// none.
func (e *Engine) adminTenant(w http.ResponseWriter, r *http.Request) *realm {
	id := r.URL.Query().Get("tenant")
	if t := e.current.Load().realm(id); t != nil {
		return t
	}
	answer(w, http.StatusNotFound, map[string]string{"error": unknownTenantError(id).Error()})
	return nil
}

// unknownTenantError is the id of a tenant that is not there.
type unknownTenantError string

func (id unknownTenantError) Error() string {
	if id == "" {
		return "no tenant is named"
	}
	return fmt.Sprintf("there is no tenant %q", string(id))
}

func (e *Engine) adminRollback(w http.ResponseWriter, _ *http.Request) {
	if err := e.Rollback(); err != nil {
		answer(w, http.StatusConflict, map[string]string{"error": err.Error()})
		return
	}
	e.logger.Info("went back to the configuration before the last reload")
	w.WriteHeader(http.StatusNoContent)
}

func (e *Engine) adminRoutes(w http.ResponseWriter, r *http.Request) {
	if t := e.adminTenant(w, r); t != nil {
		routes := append([]httpapi.Route{}, t.api.Routes()...)
		answer(w, http.StatusOK, routes)
	}
}

func (e *Engine) adminReset(w http.ResponseWriter, r *http.Request) {
	t := e.adminTenant(w, r)
	if t == nil {
		return
	}
	err := empty(r.Context(), t.store)
	if err == nil && e.redis != nil {
		err = e.redis.Forget(r.Context(), t.config.ID)
	}
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": fmt.Sprint(err)})
		return
	}
	e.clearOutbox(t.config.ID)
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the operator's client went away
}
