// Package config holds the configurations of this folder, so that the program can write them.
package config

import "embed"

// Files are the configurations by their names: host.yaml, routes/internet.yaml, credentials/profile.yaml,
// layers/cwagent-metrics.yaml and so on.
//
//go:embed *.yaml routes/*.yaml credentials/*.yaml layers/*.yaml
var Files embed.FS
