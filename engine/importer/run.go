package importer

import (
	"context"
	"hash/maphash"
)

// Run imports from a source into a tenant, or with Options.DryRun says what it
// would do. If there are problems, the report has them and nothing was
// written, unless Options.SkipProblems leaves their rows out. An error means
// that the run could not be finished: it can be repeated.
func Run(ctx context.Context, source Source, target Target, o Options) (*Report, error) {
	r := &run{
		Options: o.withDefaults(), source: source, target: target, seed: maphash.MakeSeed(), providers: map[string]int64{},
		report: &Report{Source: source.Name(), Tenant: target.Tenant, DryRun: o.DryRun},
	}
	if err := r.plan(ctx); err != nil {
		return nil, err
	}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	if r.Prune {
		if r.DryRun || !r.report.stops(r.SkipProblems) {
			if err := r.prune(ctx); err != nil {
				return nil, err
			}
		}
	}
	if r.DryRun || r.report.stops(r.SkipProblems) {
		return r.report, nil
	}
	unsealed := r.report.Unsealed // the second pass opens the same values
	err := r.write(ctx)
	if r.report.Unsealed = unsealed; err != nil {
		return r.report, err
	}
	return r.report, r.verify(ctx)
}

// Stopped reports whether nothing was written because of problems.
func (r *Report) Stopped(o Options) bool { return r.stops(o.SkipProblems) }
