package configstatus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/configstatus/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/configstatus/internal/metadatatest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

const (
	deadline = 2 * time.Minute
	tick     = 5 * time.Millisecond
)

// host keeps the last status.
type host struct {
	component.Host
	events chan *componentstatus.Event
}

func (h *host) Report(e *componentstatus.Event) { h.events <- e }

func TestStatusAndMetricsFollowTheManager(t *testing.T) {
	valid := true
	m, err := reload.New(reload.Options{
		URIs:      []string{"yaml:{receivers: {nop: }, exporters: {nop: }, service: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}}", "env:CONFIG_STATUS_LAYER"},
		Providers: []confmap.ProviderFactory{yamlprovider.NewFactory(), envprovider.NewFactory()},
		Check: func(context.Context, confmap.ResolverSettings) error {
			if !valid {
				return errors.New("'receivers' error reading configuration for \"nop\": no")
			}
			return nil
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close(context.Background(), nil)) }()
	t.Setenv("CONFIG_STATUS_LAYER", "{}")
	resolver, err := confmap.NewResolver(m.ResolverSettings())
	require.NoError(t, err)
	_, err = resolver.Resolve(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, resolver.Shutdown(context.Background())) }()

	telemetry := componenttest.NewTelemetry()
	defer func() { require.NoError(t, telemetry.Shutdown(context.Background())) }()
	settings := extensiontest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = telemetry.NewTelemetrySettings()
	e := newExtension(settings)
	h := &host{Host: componenttest.NewNopHost(), events: make(chan *componentstatus.Event, 10)}
	require.NoError(t, e.Start(t.Context(), h))
	require.NoError(t, e.Ready())
	next := func(status componentstatus.Status) *componentstatus.Event {
		t.Helper()
		for {
			select {
			case event := <-h.events:
				if event.Status() == status {
					return event
				}
			case <-time.After(deadline):
				require.Fail(t, "no such status", status)
			}
		}
	}
	next(componentstatus.StatusOK)
	assert.Equal(t, int64(1), m.Status().Counts[reload.Applied])

	valid = false
	t.Setenv("CONFIG_STATUS_LAYER", "{processors: {batch: }}")
	m.Look()
	event := next(componentstatus.StatusRecoverableError)
	assert.ErrorContains(t, event.Err(), "the configuration before goes on; the newest is invalid: ")
	assert.ErrorContains(t, event.Err(), "; at yaml:")
	metadatatest.AssertEqualConfigStatusRefused(t, telemetry, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualConfigStatusLastKnownGood(t, telemetry, []metricdata.DataPoint[int64]{{Value: 0}}, metricdatatest.IgnoreTimestamp())
	t.Setenv("CONFIG_STATUS_LAYER", "{}")
	m.Look()
	next(componentstatus.StatusOK)

	id := componentstatus.NewInstanceID(component.MustNewID("otlp"), component.KindReceiver)
	e.ComponentStatusChanged(id, componentstatus.NewEvent(componentstatus.StatusOK))
	e.ComponentStatusChanged(id, componentstatus.NewFatalErrorEvent(errors.New("gone")))
	require.NoError(t, e.NotReady())
	require.NoError(t, e.Shutdown(t.Context()))
	again, err := m.Again(nil)
	assert.False(t, again)
	require.ErrorContains(t, err, "otlp: gone")
}

func TestWithoutAManagerItIsQuiet(t *testing.T) {
	e := newExtension(extensiontest.NewNopSettings(metadata.Type))
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.Ready())
	e.ComponentStatusChanged(componentstatus.NewInstanceID(component.MustNewID("otlp"), component.KindReceiver), componentstatus.NewPermanentErrorEvent(errors.New("gone")))
	require.NoError(t, e.NotReady())
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestListenersThatAreLeftOutAreShownAndNoError(t *testing.T) {
	event := eventOf(reload.Status{LeftOut: []reload.LeftOut{{Component: "extensions::zpages", Address: "localhost:55679", Reason: "address already in use, uid 2000 has it"}}})
	assert.Equal(t, componentstatus.StatusOK, event.Status(), "whoever restarts what is not well would stop the rest")
	list, ok := event.Attributes().Get(leftOut)
	require.True(t, ok)
	assert.Equal(t, []any{"extensions::zpages at localhost:55679: address already in use, uid 2000 has it"}, list.Slice().AsRaw())
	event = eventOf(reload.Status{Refused: &reload.Refusal{Outcome: reload.Failed, Reason: "it panics", RetryAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}})
	assert.ErrorContains(t, event.Err(), "it is tried again at 2026-01-02T03:04:05Z")
}
