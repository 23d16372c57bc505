//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package tcplogreceiver is the receiver tcp_log: it takes lines by TCP, within a bound of connections and memory. Its keys are
// those of upstream's receiver, and limits beside.
//
// places says which connections are open, and which one gives way to another; memory holds unfinished lines, and lines until the
// pipeline has answered; a reader reads one connection. An input is the first operator of upstream's pipeline of operators.
package tcplogreceiver
