// Command torture kills the server in the middle of sign-ups, again and again,
// and looks whether it kept its word: every sign-up that was answered is still
// there after the next start, and every store file passes the check.
//
//	go run ./internal/torture -rounds 50 -concurrency 200
//
//	go run ./internal/torture -store postgres -rounds 10 -concurrency 50
//
// A third of the users change their names and a third sign out, and what was
// answered to them holds, too. With PostgreSQL a proxy loses messages, and their
// connections, while the load runs.
//
// It uses the built binary as a black box: a configuration with the
// email-password plugin, HTTP requests, SIGKILL, and "authhost store check".
// The figures go to build/torture.json. The exit status is 1 when something
// was lost or damaged.
//
// SIGKILL takes the process and not the machine, so this shows that nothing
// is acknowledged before it was handed to the kernel and that files survive a
// write that was cut off; it cannot show that fsync was called.
package main
