package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// reloads is how often the configuration changes below: OTELCOL_CLOUDWATCH_RELOADS says otherwise.
func reloads(t *testing.T) int {
	text := os.Getenv("OTELCOL_CLOUDWATCH_RELOADS")
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

func TestReloadsUnderLoadLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	layer := filepath.Join(t.TempDir(), "layer.yaml")
	write := func(n int) {
		// At once: a file that is written again is empty for a moment, which is a configuration, too.
		require.NoError(t, os.WriteFile(layer+"~", fmt.Appendf(nil, "receivers: {nop/%d: }\n", n), 0o600))
		require.NoError(t, os.Rename(layer+"~", layer))
	}
	s.configs = append(s.configs, "file:"+layer)
	write(0)
	c := s.startHealthy()
	w.append(20_000)
	// A change that comes while the collector restarts is part of that restart: the next one waits for its end.
	const restarted, ready = "Config updated, restart service", "Everything is ready. Begin running and processing data."
	await(t, "the log to say so", func() bool { return s.logged(ready) > 0 })
	for n := range reloads(t) {
		before := s.logged(restarted)
		write(n + 1)
		require.NoError(t, c.command.Process.Signal(syscall.SIGHUP))
		await(t, "the reload", func() bool {
			w.append(100)
			return s.logged(restarted) > before && s.logged(ready) == s.logged(restarted)+1
		})
	}
	await(t, "all lines", func() bool { return counted(server) >= w.next })
	c.stop()
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
	t.Logf("%d reloads, %d lines, each once and in order", reloads(t), w.next)
}
