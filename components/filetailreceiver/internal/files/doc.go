// Package files finds log files, recognises them, and opens them so that nobody else is hindered: what differs between
// operating systems is here.
package files
