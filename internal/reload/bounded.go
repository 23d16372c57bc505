package reload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// lateAnswer is how long after its time a provider may take to say itself why it has no answer.
const lateAnswer = time.Second

// FromAfar reports whether what a URI names is not on this machine.
func FromAfar(uri string) bool { return layers.RemoteURI(uri) }

// bounded asks a provider. One that does not heed its context, as a file does on a network that hangs, is given up; it is
// asked again once that call has returned. What it gave too late is ended by discard.
func bounded[T any](ctx context.Context, s *sources, uri string, ask func() (T, error), discard func(T)) (nothing T, err error) {
	if FromAfar(uri) {
		if err := s.reach(ctx); err != nil {
			return nothing, err
		}
	}
	if before, ok := s.hanging[uri]; ok {
		select {
		case <-before:
			delete(s.hanging, uri)
		default:
			return nothing, errors.New("an earlier look at it has not come back yet: is it on a network, or a device, that hangs")
		}
	}
	type answer struct {
		value T
		err   error
	}
	answers, done := make(chan answer, 1), make(chan struct{})
	go func() {
		value, err := ask()
		answers <- answer{value, err}
		close(done)
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	late := time.NewTimer(lateAnswer)
	defer late.Stop()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-late.C:
	}
	s.hanging[uri] = done
	go func() {
		if a := <-answers; a.err == nil {
			discard(a.value)
		}
	}()
	return nothing, fmt.Errorf("no answer in time: %w", context.Cause(ctx))
}

func closeValue(r *confmap.Retrieved) { _ = r.Close(context.Background()) }

func closeLayers(r *layers.Retrieved) {
	if r.Close != nil {
		_ = r.Close(context.Background())
	}
}
