package admin

import (
	"errors"
	"net/http"

	"github.com/authhost/authhost/engine/outbox"
	"github.com/authhost/authhost/engine/store"
)

// runSchedule runs a schedule now, whenever it is due, or makes an appointment
// due, which then runs by itself.
func (l *listener) runSchedule(w http.ResponseWriter, r *http.Request) {
	t := l.tenant(w, r)
	if t == nil {
		return
	}
	q := r.URL.Query()
	s, ok := t.API.Plugins.Schedule(q.Get("plugin"), q.Get("schedule"))
	switch {
	case !ok:
		answer(w, http.StatusNotFound, map[string]string{"error": "name a plugin and one of its schedules: plugin=&schedule="})
		return
	case s.Handler.ByAppointment():
		l.hasten(w, r, t)
		return
	}
	if err := t.RunSchedule(r.Context(), q.Get("plugin"), q.Get("schedule")); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"outcome": "ok"})
}

// hasten makes an appointment due now.
func (l *listener) hasten(w http.ResponseWriter, r *http.Request, t *Tenant) {
	q := r.URL.Query()
	err := store.ErrNotFound
	if t.Outbox != nil {
		err = t.Outbox.Hasten(r.Context(), q.Get("plugin"), q.Get("schedule"), q.Get("key"))
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		answer(w, http.StatusNotFound, map[string]string{"error": "name the key of an appointment: key="})
	case err != nil:
		refuse(w, http.StatusInternalServerError, err)
	default:
		answer(w, http.StatusOK, map[string]string{"outcome": outbox.StateDue})
	}
}
