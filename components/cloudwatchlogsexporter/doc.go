//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package cloudwatchlogsexporter is the exporter cloudwatch_logs: log records to CloudWatch Logs, each once,
// in order, at the least cost.
//
//	ConsumeLogs ─▶ sending_queue, batches ─▶ translate ─▶ sending.Way (order) ─▶ CloudWatch
//	                       ▲                                     │
//	                       └── nil, or the records that are left ┘
package cloudwatchlogsexporter
