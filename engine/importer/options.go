package importer

import (
	"time"

	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// Target is the tenant that is imported into. Every member is needed.
type Target struct {
	Tenant    string // id, for messages
	Store     store.Tenant
	Secrets   *secret.Secrets // those of the tenant, which must be the application's
	Keys      keyring.Storage
	Passwords interface{ Known(hash string) bool }
	Plugins   []*pluginapi.Manifest // enabled in the tenant
}

// Options say how to import. The zero value writes everything that it can map,
// or nothing if there is a problem.
type Options struct {
	// Tables names the table of a model where it is not found by its name.
	Tables map[string]string
	// Columns names the column of "model.field" where it has another name.
	Columns map[string]string
	// Ignore leaves models ("jwks") and columns ("user.legacyId") out.
	Ignore []string
	// Zone is that of times without one; default UTC.
	Zone *time.Location
	// DryRun checks and counts, and writes nothing.
	DryRun bool
	// SkipProblems leaves rows with problems out instead of writing nothing.
	SkipProblems bool
	// Prune deletes records of the tenant that the source does not have.
	Prune bool
	// Batch is how many records are written in one transaction; default 500.
	Batch int
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Progress, if set, is told how far the reading of a table is.
	Progress func(Progress)
}

// Progress is how far a pass over a table is.
type Progress struct {
	Pass  string // one of the constants below
	Table string
	Done  int64
	Total int64 // -1: unknown
}

// The passes of a run.
const (
	PassCheck  = "check"
	PassWrite  = "write"
	PassVerify = "verify"
)

const (
	defaultBatch = 500
	// progressEvery is how many rows pass between two reports of progress.
	progressEvery = 5000
)

func (o Options) withDefaults() Options {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Batch <= 0 || o.Batch > store.MaxOps {
		o.Batch = defaultBatch
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}
