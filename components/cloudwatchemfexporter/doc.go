//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package cloudwatchemfexporter sends metrics to CloudWatch in the Embedded Metric Format, as log events that
// CloudWatch makes metrics of.
//
//	metrics ─▶ translate: documents ─▶ queue ─▶ sending: limits, retries, order ─▶ CloudWatch Logs ─▶ metrics
package cloudwatchemfexporter
