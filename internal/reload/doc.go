// Package reload keeps the configuration that a collector runs: it fetches the layers, merges them, tries
// the result, and only then lets the collector have it. What cannot be used changes nothing.
//
//	--config URIs ─▶ fetch ─▶ layers.Merge ─▶ Check (dry-run) ─▶ the collector's one provider
//	                   │                                           │ healthy for a minute
//	                   └────────── last known good, on disk ◀──────┘
//
// The collector sees one provider of configuration, the scheme "layered", and for every scheme of a
// placeholder a view that answers from the snapshot that was tried: what runs is what was tried, even
// where a source has changed in between.
package reload
