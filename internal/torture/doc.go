// Command torture does the server harm under a mixed load, and looks whether it
// kept its word: whatever was acknowledged has to hold afterwards.
//
//	go run ./internal/torture                    # the embedded store
//	go run ./internal/torture -store postgres    # through a proxy that loses messages
//
// Users sign up, in and out, change their names, revoke sessions, turn a second
// factor on and use backup codes, one-time tokens and reset tokens. Each
// acknowledged operation makes a claim, such as "this session is gone" or "this
// token is used", which is withdrawn before something is asked for that ends it.
// Tokens that are good for one use are sent twice at the same time.
//
// The harm, and what is looked at then:
//
//   - SIGKILL, at random moments and in that of an acknowledgement. With PostgreSQL
//     a proxy loses messages, and their connections, while the load runs.
//   - Power cuts: strace records what the server writes and syncs. At moments of the
//     recording the files are made what a disk may hold then: what was not synced is
//     dropped sector by sector, reordered or torn, and names of files that were not
//     synced with their folder go back.
//   - Damage: a bit flipped in a file of a tenant, or its end cut off. Here the server
//     may say that it cannot answer, but whatever it answers has to be right.
//
// After each the server has to start, "authhost store check" has to pass (but for
// damage), and claims are looked at over HTTP.
//
// It uses the built binary as a black box. The figures go to build/torture.json.
// The exit status is 1 when something was lost, damaged or answered wrong.
//
// Decisions and their reasons: docs/rationale/storage.md.
package main
