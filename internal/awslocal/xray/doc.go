// Package xray is the X-Ray of cloudwatch-local: it takes segment documents, tells which of them are
// wrong, and keeps the last traces to read them back. There is no service map, no index and no filter
// expression.
package xray
