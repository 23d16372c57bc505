//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package endpointrouting is the extension endpoint_routing: one route table for every AWS call of the
// process. Components of this distribution get its dialer; others, and other programs on the host, use
// its CONNECT listener and its credentials endpoint.
package endpointrouting
