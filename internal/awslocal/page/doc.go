// Package page shows what a cloudwatch-local holds: a page for a person, and the same as JSON.
package page
