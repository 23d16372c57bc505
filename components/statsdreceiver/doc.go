//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package statsdreceiver is the receiver statsd: it takes statsd messages and sends what came in an interval, within a bound of
// memory. Its keys are those of upstream's receiver, and limits beside. Upstream's keeps whatever distinct names and tags
// anybody sends until the end of the interval: 40 seconds of them were seen to take several GB.
package statsdreceiver
