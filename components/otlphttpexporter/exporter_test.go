package otlphttpexporter

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	upstream "go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlphttpexporter/internal/metadata"
)

// configured reads keys as the collector does.
func configured(t *testing.T, keys map[string]any) (*Config, error) {
	c := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(c))
	return c, xconfmap.Validate(c)
}

// A proxy that asks for a day neither stops delivery for a day nor makes the exporter drop what max_elapsed_time cannot wait for.
func TestAnAnswerStopsDeliveryForMaxRetryAfterAtMost(t *testing.T) {
	t.Parallel()
	for name, asks := range map[string]string{"seconds": "86400", "absurd": "99999999999999999999", "date": time.Now().AddDate(0, 0, 1).UTC().Format(http.TimeFormat)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) <= 2 {
					w.Header().Set("Retry-After", asks)
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}))
			defer server.Close()
			c, err := configured(t, map[string]any{
				"endpoint": server.URL, "max_retry_after": "1s", "sending_queue": map[string]any{"enabled": false},
				"retry_on_failure": map[string]any{"initial_interval": "1ms", "max_interval": "1ms", "max_elapsed_time": "1m"},
			})
			require.NoError(t, err)
			core, told := observer.New(zap.WarnLevel)
			set := exportertest.NewNopSettings(metadata.Type)
			set.Logger = zap.New(core)
			x, err := NewFactory().CreateLogs(t.Context(), set, c)
			require.NoError(t, err)
			require.NoError(t, x.Start(t.Context(), componenttest.NewNopHost()))
			ld := plog.NewLogs()
			ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("x")
			require.NoError(t, x.ConsumeLogs(t.Context(), ld))
			assert.EqualValues(t, 3, calls.Load())
			assert.Len(t, told.FilterMessageSnippet("max_retry_after").All(), 1, "once")
			require.NoError(t, x.Shutdown(t.Context()))
		})
	}
}

func TestKeysAreUpstreamsAndTheBound(t *testing.T) {
	t.Parallel()
	c, err := configured(t, map[string]any{"endpoint": "https://x", "traces_endpoint": "https://y", "encoding": "json", "timeout": "3s", "headers": map[string]any{"a": "b"}})
	require.NoError(t, err)
	assert.Equal(t, time.Minute, c.RetryAfter.MaxRetryAfter)
	want := upstream.NewFactory().CreateDefaultConfig().(*upstream.Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"endpoint": "https://x", "traces_endpoint": "https://y", "encoding": "json", "timeout": "3s", "headers": map[string]any{"a": "b"}}).Unmarshal(want))
	assert.Equal(t, *want, c.Upstream)

	_, err = configured(t, map[string]any{})
	require.ErrorContains(t, err, "at least one endpoint", "what upstream refuses")
	for _, wrong := range []string{"0s", "-1s"} {
		_, err = configured(t, map[string]any{"endpoint": "https://x", "max_retry_after": wrong})
		require.ErrorContains(t, err, "max_retry_after")
	}
	assert.Error(t, confmap.NewFromStringMap(map[string]any{"max_retry_afte": "1s"}).Unmarshal(createDefaultConfig()))
}

func TestTheNameOfBeforeIsTaken(t *testing.T) {
	t.Parallel()
	set := exportertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.DeprecatedType)
	c, err := configured(t, map[string]any{"endpoint": "https://x"})
	require.NoError(t, err)
	_, err = NewFactory().CreateTraces(t.Context(), set, c)
	require.NoError(t, err)
}
