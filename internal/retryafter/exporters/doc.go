// Package exporters makes exporters of upstream's obey an answer for as long as their configuration says. Upstream's OTLP
// exporters (v0.156.0) wait for as long as they are told to, a day if need be, and drop the batch where max_elapsed_time is shorter.
//
// The exporter is handed a middleware beside those of its configuration. It rewrites Retry-After, and RetryInfo of gRPC, before
// the exporter sees them.
package exporters
