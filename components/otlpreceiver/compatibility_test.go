package otlpreceiver

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

func protocol(name string, settings map[string]any) map[string]any {
	return map[string]any{"protocols": map[string]any{name: settings}}
}

// Upstream reads a size of 0 and an empty list of encodings so.
func TestEmptySettingsMeanWhatTheyMeanUpstream(t *testing.T) {
	body, err := request(3).MarshalProto()
	require.NoError(t, err)
	for name, settings := range map[string]map[string]any{
		"no size":      {"max_request_body_size": 0},
		"no encodings": {"compression_algorithms": []any{}},
	} {
		sink := &consumertest.LogsSink{}
		r := run(t, sink, protocol("http", settings))
		code, _ := post(t, r.http, media, "", body)
		assert.Equal(t, http.StatusOK, code, name)
		assert.Equal(t, 3, sink.LogRecordCount(), name)
	}
}
