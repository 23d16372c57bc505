// Package render writes doctor's report for a person, in lines of 80 columns.
package render
