//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package filetailreceiver reads log files, and remembers what was delivered of them.
package filetailreceiver
