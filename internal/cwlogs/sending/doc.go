//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package sending is what the exporters to CloudWatch Logs have in common: how they are configured, their way to the
// service, and what they tell about it.
//
//	exporter: batch, number ─▶ Way.Begin: turnstile (order) ─▶ delivery.Engine ─▶ CloudWatch
//	                                                                │
//	                                       metrics, logs, status ◀─ Observer
package sending
