// Package flow delivers what was read, and saves how far each file was delivered. It bounds what is in flight: of each
// file by a window, of all together by a limit that follows what helps. A file counts as delivered up to the end of the
// last chunk that was delivered together with all before it.
//
// It has the only lock of the engine. Others hold handles (File), and ask for copies (Progress).
package flow
