package filetailreceiver

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/metadatatest"
)

const (
	within = 2 * time.Minute
	tick   = 5 * time.Millisecond
)

// sink keeps what it is given, unless take says no.
type sink struct {
	take func(plog.Logs) error // nil: everything

	mu   sync.Mutex
	logs []plog.Logs
}

var _ consumer.Logs = (*sink)(nil)

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.take != nil {
		if err := s.take(ld); err != nil {
			return err
		}
	}
	s.logs = append(s.logs, ld)
	return nil
}

// line is a log record with its resource.
type line struct {
	body               string
	at                 pcommon.Timestamp
	attributes, origin map[string]any
}

func (s *sink) lines() (all []line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ld := range s.logs {
		for _, r := range ld.ResourceLogs().All() {
			for _, one := range r.ScopeLogs().At(0).LogRecords().All() {
				all = append(all, line{one.Body().Str(), one.Timestamp(), one.Attributes().AsRaw(), r.Resource().Attributes().AsRaw()})
			}
		}
	}
	return all
}

func (s *sink) bodies() (all []string) {
	for _, l := range s.lines() {
		all = append(all, l.body)
	}
	return all
}

// host has extensions, and keeps what components report.
type host struct {
	extensions map[component.ID]component.Component

	mu      sync.Mutex
	reports []componentstatus.Status
}

func (h *host) GetExtensions() map[component.ID]component.Component { return maps.Clone(h.extensions) }

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports = append(h.reports, e.Status())
}

func (h *host) reported() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]componentstatus.Status(nil), h.reports...)
}

var storageID = component.MustNewID("file_storage")

// withStorage starts the real file_storage over a folder.
func withStorage(t *testing.T, folder string) *host {
	t.Helper()
	f := filestorage.NewFactory()
	c := f.CreateDefaultConfig().(*filestorage.Config)
	c.Directory = folder
	e, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), c)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { _ = e.Shutdown(context.Background()) })
	return &host{extensions: map[component.ID]component.Component{storageID: e}}
}

// running is a receiver that was started.
type running struct {
	receiver.Logs
	*sink
	telemetry *componenttest.Telemetry
	logs      *zapobserver.ObservedLogs
	stopped   bool
}

func (r *running) stop(t *testing.T) {
	t.Helper()
	if !r.stopped {
		r.stopped = true
		require.NoError(t, r.Shutdown(context.Background()))
	}
}

func start(t *testing.T, h *host, s *sink, text string) *running {
	t.Helper()
	c, err := load(t, text)
	require.NoError(t, err)
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	core, logs := zapobserver.New(zap.InfoLevel)
	set := metadatatest.NewSettings(tel)
	set.ID = component.NewID(metadata.Type)
	set.Logger = zap.New(core)
	r, err := NewFactory().CreateLogs(t.Context(), set, c, s)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), h))
	run := &running{Logs: r, sink: s, telemetry: tel, logs: logs}
	t.Cleanup(func() { run.stop(t) })
	return run
}

// quick is what makes a test short.
const quick = `poll_interval: 5ms, flush_interval: 5ms, force_flush_period: 50ms, retry_on_failure: {initial_interval: 5ms, max_interval: 20ms}`

func (r *running) await(t *testing.T, want ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(r.bodies()) >= len(want) }, within, tick, "%q", want)
	require.Equal(t, want, r.bodies())
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// settings are for what is not observed.
func settings() receiver.Settings { return receivertest.NewNopSettings(metadata.Type) }
