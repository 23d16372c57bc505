package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
)

// init is where a child of the test ends that reads databases.
func init() { boltdb.Main() }

func TestDamagedDatabasesOfFileStorageAreSetAsideBeforeTheyAreOpened(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"receiver_file_log_", "exporter_otlp__traces", strings.Repeat("0a", 32)} {
		require.NoError(t, boltdb.Write(t.Context(), filepath.Join(folder, name), map[string][]byte{"a": make([]byte, 100_000)}))
	}
	for _, name := range []string{"exporter_otlp__traces", strings.Repeat("0a", 32)} {
		require.NoError(t, os.Truncate(filepath.Join(folder, name), 20_000))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("an operator's"), 0o600))
	inner := filestorage.NewFactory()
	settings := withCheckedDatabases(otelcol.CollectorSettings{Factories: func() (otelcol.Factories, error) {
		return otelcol.Factories{Extensions: map[component.Type]extension.Factory{inner.Type(): inner}}, nil
	}})
	factories, err := settings.Factories()
	require.NoError(t, err)
	f := factories.Extensions[inner.Type()]
	c := f.CreateDefaultConfig().(*filestorage.Config)
	c.Directory = folder
	set := extensiontest.NewNopSettings(f.Type())
	core, logs := zapobserver.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	e, err := f.Create(t.Context(), set, c)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	assert.Equal(t, 2, logs.FilterMessageSnippet("set aside").Len())
	assert.FileExists(t, filepath.Join(folder, "notes.txt"))
	client, err := e.(storage.Extension).GetClient(t.Context(), component.KindExporter, component.MustNewID("otlp"), "traces")
	require.NoError(t, err)
	require.NoError(t, client.Set(t.Context(), "goes", []byte("on")))
	require.NoError(t, client.Close(context.Background()))
	client, err = e.(storage.Extension).GetClient(t.Context(), component.KindReceiver, component.MustNewID("file_log"), "")
	require.NoError(t, err)
	value, err := client.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Len(t, value, 100_000)
	require.NoError(t, client.Close(context.Background()))
	require.NoError(t, e.Shutdown(context.Background()))
}
