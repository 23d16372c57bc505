package configstatus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/configstatus/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/extensionstatus"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// status is the running extension.
type status struct {
	settings  extension.Settings
	telemetry *metadata.TelemetryBuilder
	manager   *reload.Manager // nil: the process has no such manager, as in another program

	host    component.Host
	news    chan reload.Status // the latest, if it was not reported yet
	end     func()
	done    chan struct{}
	reports sync.WaitGroup
}

var (
	_ extensioncapabilities.PipelineWatcher = (*status)(nil)
	_ componentstatus.Watcher               = (*status)(nil)
)

func newExtension(set extension.Settings) *status {
	return &status{settings: set, manager: reload.Current(), news: make(chan reload.Status, 1), done: make(chan struct{})}
}

// Start begins to report.
func (e *status) Start(_ context.Context, host component.Host) error {
	e.host = host
	if e.manager == nil {
		return nil
	}
	var err error
	if e.telemetry, err = metadata.NewTelemetryBuilder(e.settings.TelemetrySettings); err != nil {
		return err
	}
	if err := e.observe(); err != nil {
		return err
	}
	e.end = e.manager.Subscribe(e.hear)
	e.reports.Go(e.report)
	return nil
}

// Shutdown ends it.
func (e *status) Shutdown(context.Context) error {
	if e.end != nil {
		e.end()
		close(e.done)
		e.reports.Wait()
		e.end = nil
	}
	if e.telemetry != nil {
		e.telemetry.Shutdown()
	}
	return nil
}

// Ready is called when every component runs.
func (e *status) Ready() error {
	if e.manager != nil {
		e.manager.Started()
	}
	return nil
}

// NotReady is called before the first component stops.
func (e *status) NotReady() error {
	if e.manager != nil {
		e.manager.Stopping()
	}
	return nil
}

// ComponentStatusChanged hears of every component.
func (e *status) ComponentStatusChanged(source *componentstatus.InstanceID, event *componentstatus.Event) {
	if e.manager == nil {
		return
	}
	name := source.ComponentID().String()
	switch event.Status() {
	case componentstatus.StatusFatalError:
		e.manager.Fatal(name, event.Err())
	case componentstatus.StatusPermanentError:
		e.manager.Sick(name)
	}
}

// hear keeps the latest status. It is called under the manager's lock: a report, which may call the
// manager again, has its own goroutine.
func (e *status) hear(s reload.Status) {
	select {
	case <-e.news:
	default:
	}
	e.news <- s // nobody else writes
}

func (e *status) report() {
	for {
		select {
		case <-e.done:
			return
		case s := <-e.news:
			extensionstatus.Report(e.host, e.settings.ID, eventOf(s))
		}
	}
}

// leftOut is the attribute of an event that names the listeners which are left out.
const leftOut = "left_out"

// eventOf is what health shows: a refused configuration is an error that goes away with a better one. A listener that is
// left out is none, as whoever restarts what is not well would stop the rest; a receiver that is left out is one.
func eventOf(s reload.Status) *componentstatus.Event {
	if s.Refused == nil {
		for _, l := range s.LeftOut {
			if l.Receives {
				return componentstatus.NewRecoverableErrorEvent(fmt.Errorf("%s is left out: it cannot listen at %s: %s; it is tried again", l.Component, l.Address, l.Reason))
			}
		}
		attributes := pcommon.NewMap()
		if len(s.LeftOut) > 0 {
			list := attributes.PutEmptySlice(leftOut)
			for _, l := range s.LeftOut {
				list.AppendEmpty().SetStr(fmt.Sprintf("%s at %s: %s", l.Component, l.Address, l.Reason))
			}
		}
		return componentstatus.NewEvent(componentstatus.StatusOK, componentstatus.WithAttributes(attributes))
	}
	runs := "the configuration before goes on"
	if s.Running.LastKnownGood {
		runs = "the last known good configuration runs"
	}
	err := fmt.Errorf("%s; the newest is %s: %s", runs, s.Refused.Outcome, s.Refused.Reason)
	for _, where := range s.Refused.Where {
		err = fmt.Errorf("%w; at %s", err, where)
	}
	if at := s.Refused.RetryAt; !at.IsZero() {
		err = fmt.Errorf("%w; it is tried again at %s", err, at.UTC().Format(time.RFC3339))
	}
	return componentstatus.NewRecoverableErrorEvent(err)
}

func (e *status) observe() error {
	t := e.telemetry
	one := func(observe func(reload.Status) int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(observe(e.manager.Status()))
			return nil
		}
	}
	return errors.Join(
		t.RegisterConfigStatusReloadsCallback(func(_ context.Context, o metric.Int64Observer) error {
			counts := e.manager.Status().Counts
			for _, outcome := range reload.Outcomes {
				o.Observe(counts[outcome], metric.WithAttributes(attribute.String("outcome", string(outcome))))
			}
			return nil
		}),
		t.RegisterConfigStatusLastKnownGoodCallback(one(func(s reload.Status) int64 { return truth(s.Running.LastKnownGood) })),
		t.RegisterConfigStatusLeftOutCallback(one(func(s reload.Status) int64 { return int64(len(s.LeftOut)) })),
		t.RegisterConfigStatusRefusedCallback(one(func(s reload.Status) int64 { return truth(s.Refused != nil) })),
		t.RegisterConfigStatusSinceCallback(one(func(s reload.Status) int64 {
			if s.Running.Since.IsZero() {
				return 0
			}
			return s.Running.Since.Unix()
		})),
	)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
