// Package e2e runs the real collector with the configurations that we ship against cloudwatch-local,
// and looks at what arrived through the AWS SDK.
//
// The binaries come from the folder that OTELCOL_CLOUDWATCH_BIN names, as `make test` sets it; without
// it they are built.
package e2e
