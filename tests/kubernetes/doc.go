// Package kubernetes checks the chart of distributions/kubernetes with Helm itself and with the types of the Kubernetes
// API. It is a module of its own: both are large, and nothing of the collector needs them. `make test-kubernetes` runs
// it; `make generate-kubernetes` writes what it compares.
package kubernetes
