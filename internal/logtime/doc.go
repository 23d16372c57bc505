// Package logtime finds and reads the time in a log line. A layout is compiled once, into steps that a line is walked
// through without an allocation.
package logtime
