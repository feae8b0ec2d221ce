package workers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/ratelimit"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/sweep"
)

// sweepOwner stands in the place of a plugin for what the engine does by schedule
// itself. No plugin has this id.
const sweepOwner = "authhost"

// sweepJob is when the expired records of a tenant are deleted: every hour, each
// tenant at a minute of its own. As with other schedules, one server does it.
func sweepJob(tenant string) (schedule.Job, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(tenant))
	cron, err := schedule.Parse(fmt.Sprintf("%d * * * *", h.Sum32()%60))
	return schedule.Job{Plugin: sweepOwner, Name: "sweep", Cron: cron}, err
}

// expiring returns the models of a tenant whose records expire. The sessions that a
// tenant keeps after their end are not among them.
func expiring(t *config.Tenant) []sweep.Model {
	models := []sweep.Model{{Name: identity.Verification, Expires: "expiresAt"}}
	if !t.Session.PreserveInDatabase {
		models = append(models, sweep.Model{Name: session.Model, Expires: "expiresAt"})
	}
	if t.RateLimit.Storage == config.StorageStore {
		models = append(models, sweep.Model{Name: ratelimit.Model, Expires: "endsAt"})
	}
	return models
}

// sweep deletes the expired records of a tenant, and has the store give back the
// room that these and others have left.
func (g *Group) sweep(ctx context.Context, t *config.Tenant, data store.Tenant) {
	n, err := sweep.Run(ctx, sweep.Config{
		Store: data, Models: expiring(t), Now: g.Now,
		Deleted: func(model string, n int) { g.Metrics.Swept(t.ID, model, n) },
	})
	logger := g.Logger.With("tenant", t.ID, "records", n)
	switch {
	case err != nil && ctx.Err() == nil:
		logger.Error("expired records could not all be deleted; the rest is for the next hour", "error", err)
	case n > 0:
		logger.Debug("deleted expired records")
	}
	s, can := data.(store.Shrinker)
	if !can {
		return
	}
	if err := s.Shrink(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
		logger.Error("the tenant's store could not be made smaller; the next try is in an hour", "error", err)
	}
}
