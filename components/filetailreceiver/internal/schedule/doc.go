// Package schedule says which file is read next. Each file has one state, of which there is a table of transitions:
//
//	                ┌───────────────────────────┐
//	       Enqueue  ▼   Take            Done    │
//	idle ──────▶ queued ──────▶ reading ─────▶ idle
//	  ▲             │              │
//	  │   Release   ▼     Hold     ▼     Away (nothing to read it from)
//	held ◀──────────┴──────────────┴─────────────▶ gone ──Back──▶ idle
//
// It is pure: it knows no disk, starts no goroutine, has no lock, and is told the time. One goroutine owns a Schedule and its
// Files, and tells them what it knows.
package schedule
