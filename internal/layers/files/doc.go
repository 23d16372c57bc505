// Package files has the confmap providers file and dir: configuration of this machine, that is looked at
// again and again.
//
//	file:PATH, dir:PATH ─▶ read ─▶ Layer{PATH, text}
//	                         └───▶ watch: every 5 s stat, and read what may have changed ─▶ watcher
//
// They poll. It works where notifications of the kernel do not (network file systems, volumes of
// containers, symbolic links that are swapped), and a stat every few seconds costs nothing.
package files
