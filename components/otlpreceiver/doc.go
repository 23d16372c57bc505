//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package otlpreceiver is the receiver otlp: it takes logs, metrics and traces by OTLP, over gRPC and HTTP, within a bound
// of memory. Its keys are those of upstream's receiver, and limits beside.
//
// Both protocols are served by net/http, so that one bound holds for all: connections are counted, headers are short, and the
// bytes of a body are reserved before they are read (admission). Before a request is decoded its memory is estimated
// (internal/weight) and reserved, until it is answered.
package otlpreceiver
