//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package otlphttpexporter is the exporter otlp_http: upstream's, which obeys Retry-After for a minute at most (internal/retryafter/exporters).
package otlphttpexporter
