// Package apierror is the one error type that reaches clients: an HTTP status
// with Better Auth's {message, code} body. Every part of the engine that can
// refuse a request returns one; httpapi writes it, once.
//
//	return apierror.New(http.StatusForbidden, "SESSION_NOT_FRESH", "Session is not fresh")
//
// Details that only the operator may see are wrapped as the cause and go to
// the log, never to the client.
//
// Decisions and their reasons: docs/rationale/http.md.
package apierror
