// Package translate makes events of log records, and tells which records were meant by what was not delivered.
//
//	plog.Logs ─▶ names (once for each resource, scope or record) ─▶ message ─▶ delivery.Part for each target
//	    ▲                                                                            │
//	    └────────────────── Remainder: the records of what came back ◀───────────────┘
package translate
