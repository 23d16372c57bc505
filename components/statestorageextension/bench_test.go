package statestorageextension

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// written is how many bytes this process has given to the kernel to write, 0 where that is not known.
func written() (n float64) {
	text, _ := os.ReadFile("/proc/self/io")
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("wchar: ")); ok {
			n, _ = strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
		}
	}
	return n
}

// BenchmarkQueue does what exporterhelper's queue does for a document of cloudwatch_emf: it is put, taken and removed.
func BenchmarkQueue(b *testing.B) {
	ctx := b.Context()
	for _, size := range []int{2 << 10, 100 << 10} {
		for _, kind := range []string{"state_storage", "file_storage"} {
			b.Run(fmt.Sprintf("%s/%d", kind, size), func(b *testing.B) {
				folder := b.TempDir()
				var e component.Component
				var err error
				if kind == "file_storage" {
					f := filestorage.NewFactory()
					c := f.CreateDefaultConfig().(*filestorage.Config)
					c.Directory = folder
					e, err = f.Create(ctx, extensiontest.NewNopSettings(f.Type()), c)
				} else {
					f := NewFactory()
					c := NewDefaultConfig()
					c.Directory = folder
					e, err = f.Create(ctx, extensiontest.NewNopSettings(f.Type()), c)
				}
				require.NoError(b, err)
				require.NoError(b, e.Start(ctx, componenttest.NewNopHost()))
				client, err := e.(storage.Extension).GetClient(ctx, component.KindExporter, component.MustNewID("cloudwatch_emf"), "metrics")
				require.NoError(b, err)
				state, document := make([]byte, 50), make([]byte, size)
				before := written()
				for i := 0; b.Loop(); i++ {
					key := strconv.Itoa(i)
					require.NoError(b, client.Batch(ctx, storage.SetOperation(queueKey, state), storage.SetOperation(key, document)))
					get := storage.GetOperation(key)
					require.NoError(b, client.Batch(ctx, storage.SetOperation(queueKey, state), get))
					require.Len(b, get.Value, size)
					require.NoError(b, client.Batch(ctx, storage.SetOperation(queueKey, state), storage.DeleteOperation(key)))
				}
				b.ReportMetric((written()-before)/float64(b.N), "written-B/op")
				require.NoError(b, client.Close(ctx))
				require.NoError(b, e.Shutdown(ctx))
			})
		}
	}
}
