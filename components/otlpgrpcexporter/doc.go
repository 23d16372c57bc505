//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package otlpgrpcexporter is the exporter otlp_grpc: upstream's, which obeys Retry-After for a minute at most (internal/retryafter/exporters).
package otlpgrpcexporter
