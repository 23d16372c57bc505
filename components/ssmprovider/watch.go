package ssmprovider

import (
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// watch is one retrieval that wants to know of changes.
type watch struct {
	ref      ssmstore.Ref
	interval time.Duration
	notify   confmap.WatcherFunc
	// digestOf is what the retrieval makes of a snapshot.
	digestOf func(ssmstore.Snapshot) string

	// last is what was read last, and digest what the retrieval made of it. They are the poller's.
	last   ssmstore.Snapshot
	digest string

	turn   chan struct{} // has one element while somebody uses notify and closed
	closed bool
}

// tell calls notify, unless the watch is closed.
func (w *watch) tell() {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	if !w.closed {
		w.notify(&confmap.ChangeEvent{})
	}
}
