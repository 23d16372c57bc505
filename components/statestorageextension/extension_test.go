package statestorageextension

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/statestorageextension/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/statestorageextension/internal/metadatatest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

const (
	within = 30 * time.Second
	tick   = 10 * time.Millisecond
)

// init is where a child of the test ends that reads databases.
func init() { boltdb.Main() }

// host keeps what is reported.
type host struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *host) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.StatusNone
	}
	return h.events[len(h.events)-1].Status()
}

// running is an extension that was started.
type running struct {
	*stateStorage
	h         *host
	telemetry *componenttest.Telemetry
	logs      *zapobserver.ObservedLogs
}

func start(t *testing.T, folder string, change func(*Config)) *running {
	t.Helper()
	r := &running{h: &host{Host: componenttest.NewNopHost()}, telemetry: componenttest.NewTelemetry()}
	core, logs := zapobserver.New(zap.InfoLevel)
	r.logs = logs
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	c := NewDefaultConfig()
	c.Directory = folder
	if change != nil {
		change(c)
	}
	require.NoError(t, c.Validate())
	e, err := NewFactory().Create(t.Context(), set, c)
	require.NoError(t, err)
	r.stateStorage = e.(*stateStorage)
	require.NoError(t, r.Start(t.Context(), r.h))
	require.NoError(t, r.Ready())
	t.Cleanup(func() {
		assert.NoError(t, r.Shutdown(context.Background()))
		assert.NoError(t, r.telemetry.Shutdown(context.Background()))
	})
	return r
}

var tailID = component.MustNewIDWithName("file_tail", "a/b")

func (r *running) client(t *testing.T) storage.Client {
	t.Helper()
	c, err := r.GetClient(t.Context(), component.KindReceiver, tailID, "")
	require.NoError(t, err)
	return c
}

func TestAClientDoesWhatAStorageHasTo(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	r := start(t, folder, nil)
	c := r.client(t)
	ctx := t.Context()
	require.NoError(t, c.Set(ctx, "a", []byte("1")))
	require.NoError(t, c.Batch(ctx, storage.SetOperation("b", []byte("2")), storage.SetOperation("c", []byte("3")), storage.DeleteOperation("none")))
	require.NoError(t, c.Delete(ctx, "c"))
	v, err := c.Get(ctx, "c")
	require.NoError(t, err)
	assert.Nil(t, v)
	seen := map[string]string{}
	require.NoError(t, c.(storage.Walker).Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		seen[key] = string(value)
		return []*storage.Operation{storage.DeleteOperation(key)}, nil
	}))
	assert.Equal(t, map[string]string{"a": "1", "b": "2"}, seen)
	v, err = c.Get(ctx, "a")
	require.NoError(t, err)
	assert.Nil(t, v)
	require.ErrorContains(t, c.Batch(ctx, &storage.Operation{Type: 9}), "type 9")
	_, err = r.GetClient(ctx, component.KindReceiver, tailID, "")
	require.ErrorContains(t, err, "open already")
	require.NoError(t, c.Close(ctx))
	require.NoError(t, r.client(t).Close(ctx), "again")
	info, err := os.Stat(folder)
	require.NoError(t, err)
	if filepath.Separator == '/' {
		assert.EqualValues(t, 0o700, info.Mode().Perm())
	}
	metadatatest.AssertEqualStateStorageUnsaved(t, r.telemetry, []metricdata.DataPoint[int64]{{}}, metricdatatest.IgnoreTimestamp())
}

func TestASecondExtensionOnAFolderIsAnError(t *testing.T) {
	folder := t.TempDir()
	start(t, folder, nil)
	c := NewDefaultConfig()
	c.Directory = folder
	e, err := newStorage(extensiontest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	err = e.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "the folder of state "+folder+" is in use")
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestAFolderThatIsNotThereIsNoReasonNotToStart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mounted later")
	r := start(t, folder, func(c *Config) { c.CreateDirectory = false })
	c := r.client(t)
	require.NoError(t, c.Set(t.Context(), "a", []byte("1")))
	v, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "1", string(v))
	assert.Equal(t, componentstatus.StatusRecoverableError, r.h.last())
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("State cannot be written").Len(), "told once")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.Eventually(t, func() bool { return r.h.last() == componentstatus.StatusOK }, within, tick)
	require.NoError(t, c.Close(t.Context()))
	values, err := statefolder.Read(t.Context(), folder, statefolder.Name("receiver", "file_tail", "a/b", ""))
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"a": []byte("1")}, values)
}

func TestDamageIsToldOnceWithThePathAndCounted(t *testing.T) {
	folder := t.TempDir()
	r := start(t, folder, nil)
	c := r.client(t)
	require.NoError(t, c.Set(t.Context(), "a", []byte("1")))
	require.NoError(t, c.Close(t.Context()))
	files, err := filepath.Glob(filepath.Join(folder, "*.state", "*.log"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		require.NoError(t, os.WriteFile(f, []byte(strings.Repeat("x", 5000)), 0o600))
	}
	c = r.client(t)
	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, r.client(t).Close(t.Context()))
	told := r.logs.FilterMessageSnippet("State is damaged").All()
	require.Len(t, told, len(files))
	assert.Contains(t, told[0].ContextMap()["path"], ".damaged-")
	assert.FileExists(t, told[0].ContextMap()["path"].(string))
	m, err := r.telemetry.GetMetric("otelcol_state_storage_damaged_files")
	require.NoError(t, err)
	assert.Contains(t, fmt.Sprint(m.Data), fmt.Sprint(len(files)))
}

func TestADatabaseOfFileStorageIsTakenOver(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, boltdb.Write(t.Context(), filepath.Join(folder, "receiver_file_tail_a~002Fb"), map[string][]byte{"a": []byte("1")}))
	r := start(t, folder, nil)
	c := r.client(t)
	v, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "1", string(v))
	require.NoError(t, c.Close(t.Context()))
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("taken over").Len())
}

func TestConfigurations(t *testing.T) {
	c := NewDefaultConfig()
	require.NoError(t, c.Validate())
	c.Directory = ""
	require.ErrorContains(t, c.Validate(), "directory is empty")
	c.Directory, c.MaxUnsaved = "x", 0
	require.ErrorContains(t, c.Validate(), "invalid max_unsaved 0")
}
