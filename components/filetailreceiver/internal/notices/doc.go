// Package notices tells which files are to be looked at again: those that the kernel says were written to, and all of
// them now and then, or each time where the kernel says nothing.
package notices
