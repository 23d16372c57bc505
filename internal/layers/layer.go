package layers

import (
	"context"

	"go.opentelemetry.io/collector/confmap"
)

// Layer is one document of a configuration.
type Layer struct {
	// Name is where it came from, in the words of an operator: /etc/otelcol-cloudwatch/host.yaml, or
	// ssm:/fleet/base (version 7).
	Name string
	// Text is YAML, with its placeholders.
	Text []byte
	// Remote says that it was fetched: whoever may write it there is not who may log in here. internal/layers/trust says
	// what it may set.
	Remote bool `json:",omitempty"`
}

// Provider is what a confmap.Provider also implements when one URI may stand for several layers, or when
// a layer's name says more than its URI. A provider without it gives one layer, named after its URI.
type Provider interface {
	confmap.Provider
	// RetrieveLayers gives the layers of a URI, the first one lowest. watcher is called, from another
	// goroutine and never with an error, when asking again would give something else; it may be nil.
	RetrieveLayers(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*Retrieved, error)
}

// Retrieved are the layers of one URI.
type Retrieved struct {
	Layers []Layer
	// Close ends the watch. It may be nil.
	Close confmap.CloseFunc
}
