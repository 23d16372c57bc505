package e2e

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestEveryRequestNamesTheBuildInItsUserAgent(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	var mu sync.Mutex
	agents := map[string]string{} // by operation
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		agents[r.Header.Get("X-Amz-Target")] = r.UserAgent()
		mu.Unlock()
		server.ServeHTTP(w, r)
	}))
	defer front.Close()
	w := newWriter(t, "app.log")
	w.append(1)
	setup := newSetup(t, server, w.path)
	setup.env["AWS_ENDPOINT_URL"] = front.URL
	collector := setup.startHealthy()
	await(t, "a line and metrics", func() bool { return counted(server) > 0 && len(server.Metrics.Status().Series) > 0 })
	collector.stop()

	out, err := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), "--version").Output()
	require.NoError(t, err)
	fields := strings.Fields(string(out)) // otelcol-cloudwatch VERSION (commit HASH, built DATE)
	require.GreaterOrEqual(t, len(fields), 2)
	mu.Lock()
	defer mu.Unlock()
	require.NotEmpty(t, agents)
	for operation, agent := range agents {
		assert.Contains(t, agent, "otelcol-cloudwatch/"+fields[1], operation)
		if len(fields) > 3 {
			assert.Contains(t, agent, "+"+strings.TrimSuffix(fields[3], ","), operation)
		}
	}
}
