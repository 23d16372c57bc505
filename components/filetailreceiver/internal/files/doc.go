// Package files finds log files, recognises them, and opens them so that nobody else is hindered.
//
//	Looker: a Search of safepath for each pattern, a part at a time ─▶ select: excluded, old, newest, each file once ─▶ Found
package files
