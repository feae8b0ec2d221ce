// Package outbox keeps the events that plugins must not miss. An event is
// written in the commit that it is about, and a worker hands it to its plugin
// until that has accepted it: at least once, in the order in which the commits
// happened, for each user of each channel.
//
// A channel is one plugin, or one target of a plugin that has several. A lane
// is one user in a channel. The first entry of a lane is due, those behind it
// wait; when the first is done, the next one is due. So nothing but the store
// knows what is to be done, and a process that is killed has lost nothing.
//
// The order of a lane is that of causes: an entry's number is above that of
// every entry which was there when it was written. Units of work that do not
// see each other have no order, and the lane gives them one.
//
// With several processes on one store, the one with the lease of a tenant
// delivers. The lease ends by itself when its holder is gone. A process that
// holds the store alone has no lease.
//
// An appointment is an entry with a time of its own and a key, by which it is
// replaced and cancelled, in a channel for each schedule of a plugin. It is the
// one entry of its lane, and comes when it is due.
//
// A message is an entry with a content that its Deliver sends, in a channel for
// each kind of messages. It is the one entry of its lane, too: no message waits
// for another. It may be sent twice, if the process ends between sending it and
// noting that.
//
// An entry that was refused for good, or that still fails when it is too old,
// becomes a dead letter: it is kept for a while and can be replayed.
//
// The package knows the store and nothing of plugins, HTTP or tenants: what
// Deliver does is the caller's.
//
//	w := outbox.New(outbox.Config{Store: data, Deliver: deliver})
//	go w.Run(ctx)
//	lanes, err := outbox.Append(ctx, tx, data, events, now) // and after the commit:
//	w.Committed(lanes)
//
// Decisions and their reasons: docs/rationale/events.md.
package outbox
