//go:generate go run go.opentelemetry.io/collector/cmd/mdatagen metadata.yaml

// Package statestorageextension is the extension state_storage: a storage for what components keep over a restart, whose
// start succeeds whatever has happened to its files. Package statelog has the files, statefolder the folder and what
// file_storage left there.
package statestorageextension
