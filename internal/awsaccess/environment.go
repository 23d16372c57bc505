package awsaccess

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
)

// HelperEnvironment is what programs that the collector runs for credentials are given.
type HelperEnvironment string

const (
	// HelpersRouted gives helpers the collector's own environment: with process_proxy their calls take the route
	// table, as its own do.
	HelpersRouted HelperEnvironment = "routed"
	// HelpersOriginal gives them the environment that the collector was started with: their calls go by their own ways.
	HelpersOriginal HelperEnvironment = "original"
)

// UnmarshalText accepts the names.
func (h *HelperEnvironment) UnmarshalText(text []byte) error {
	switch v := HelperEnvironment(text); v {
	case HelpersRouted, HelpersOriginal:
		*h = v
		return nil
	}
	return unknownHelpers(string(text))
}

// original is the environment before the collector changed it.
var original atomic.Pointer[[]string]

// KeepEnvironment remembers the environment, once, before the program changes it.
func KeepEnvironment() {
	environment := os.Environ()
	original.CompareAndSwap(nil, &environment)
}

// useHelperEnvironment makes credentials::process run with the environment that c says.
func useHelperEnvironment(c Config) {
	kept := original.Load()
	if c.HelperEnvironment != HelpersOriginal || kept == nil {
		awsconfig.SetHelperEnvironment(nil)
		return
	}
	environment := slices.Clone(*kept)
	awsconfig.SetHelperEnvironment(func() []string { return withCurrent(environment) })
}

// withCurrent is the environment of now with the proxy variables of before.
func withCurrent(before []string) []string {
	proxyVariable := func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"HTTPS_PROXY", "NO_PROXY"}, strings.ToUpper(name))
	}
	environment := slices.DeleteFunc(os.Environ(), proxyVariable)
	for _, v := range before {
		if proxyVariable(v) {
			environment = append(environment, v)
		}
	}
	return environment
}
