//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package configstatus is the extension config_status: it shows in health and in metrics which
// configuration runs and what became of newer ones, and tells the configuration's manager how the
// collector fares with it. The program adds it to every configuration.
package configstatus
