// Package reload keeps the configuration that a collector runs: it fetches the layers, merges them, tries
// the result, and only then lets the collector have it. What cannot be used changes nothing.
//
//	--config URIs ─▶ fetch ─▶ layers.Merge ─▶ Check (dry-run) ─▶ the collector's one provider
//	                   │                                           │ healthy for a minute
//	                   └────────── last known good, on disk ◀──────┘
//
// What a start runs, where the newest configuration cannot be (docs/configuration.md has the table for operators):
//
//	cannot be fetched, hangs, has no known way      last known good, and the fetch again (loop, bounded, Options.Reach)
//	is invalid                                       last known good, until it is another (manager.first)
//	cannot start, or ends in its first minute        the one before, or last known good; again later (life.Again, attempt)
//	ended the process without a reason, twice        last known good; again later, or after a boot (attempt.judge)
//	a listener that only informs has no address      itself, without that listener (informers, leftout)
//	told to end; the machine ended; a circumstance   nothing is held against it (Manager.End, attempt)
//	the last known good is damaged                   the generation before it (store)
//	another process has the folder                   nothing: the start fails (lock)
//
// The collector sees one provider of configuration, the scheme "layered", and for every scheme of a
// placeholder a view that answers from the snapshot that was tried: what runs is what was tried, even
// where a source has changed in between.
package reload
