// Package blueprint puts together what a configuration and the manifests of its
// plugins say of a tenant: plugins with their settings and grants, models and
// fields, mails and text messages, schedules. It opens no data and runs no
// plugin, so that what is wrong with a configuration shows before anything is
// started. Its errors are faults at the lines of the configuration.
//
//	if err := blueprint.Check(cfg, plugins.Module); err != nil { // every fault
//	b, err := blueprint.New(&cfg.Tenants[0], manifests)          // or the first one
//
// Decisions and their reasons: docs/rationale/code.md.
package blueprint
