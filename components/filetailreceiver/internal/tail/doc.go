// Package tail reads log files and remembers what was delivered of them.
//
//	notices ─▶ watch ──opened, saw, replace, move, away, removed──▶ engine ─▶ readers ─▶ flow ─▶ Begin
//	             ▲ checkpoints                                        ▲ schedule         │
//	             └──────────────── saved ◀───────────────────────────┴── advanced ◀─────┘
//
// Who owns what, so that one may read each part alone:
//
//   - The watch (watch, look, copy) knows which files there are, and decides what each of them is: one that goes on, one that was
//     renamed, a copy, a replaced one, a new one. One goroutine owns it and all that it knows (known). It looks at the disk, and may
//     wait for it.
//   - The engine (engine, seam) has a file for each content, with its state in the schedule. Its goroutine owns both. Others have it
//     do something (do), and get copies (facts). It waits for nobody but the flow.
//   - Readers (reader, read) get a task from the engine, read a chunk, divide it, hand it to the flow, and bring back a result. From
//     task to result, which is the state `reading`, a file's text is theirs. A reader whose file does not answer is replaced.
//   - The flow (package flow) has what is in flight, and the only lock.
//   - The schedule (package schedule) says whose turn it is. It is pure.
//
// A file is its identity (device and inode), not its name. A file whose content was replaced, by truncation or because
// a new file got an old inode, is recognised by the bytes before the offset: they are read again together with what
// follows, in one call, so that there is no moment between the check and the reading. The reader reports it, the file is held,
// and the watch decides.
package tail
