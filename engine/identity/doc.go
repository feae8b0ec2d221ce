// Package identity keeps users, accounts and verifications: the core models
// that Better Auth calls user, account and verification. It hashes passwords,
// so that no caller handles a hash, and raises the record events inside the
// unit of work in which a record is written.
//
// Sessions are engine/session's; storage is engine/store's; plugins reach this
// package through engine/capability.
//
//	user, account, err := ids.CreateUser(ctx, work, identity.NewUser{...})
//
// Decisions and their reasons: docs/rationale/sessions.md.
package identity
