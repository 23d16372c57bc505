// Package records divides the bytes of a log file into records: by line, by the pattern that a record begins or ends
// with, and by size. It knows nothing of files.
package records
