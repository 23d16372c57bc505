//go:build unix

package files

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

func makeFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo.yaml")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// writeFIFO writes when there is a reader, as a shell's <(…) does, in pieces.
func writeFIFO(t *testing.T, path string, pieces ...string) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		for _, piece := range pieces {
			if err == nil {
				_, err = f.WriteString(piece)
			}
		}
		if err == nil {
			err = f.Close()
		}
		done <- err
	}()
	t.Cleanup(func() { assert.NoError(t, <-done) })
}

func TestAPipeIsReadOnceAndServesEveryProvider(t *testing.T) {
	t.Parallel()
	path := makeFIFO(t)
	writeFIFO(t, path, "a: {b: ", "1}\n")
	factory := NewFileFactory()
	for range 3 {
		p := create(t, factory)
		got, err := p.RetrieveLayers(t.Context(), "file:"+path, nil)
		require.NoError(t, err)
		assert.Equal(t, []layers.Layer{{Name: path, Text: []byte("a: {b: 1}\n")}}, got.Layers)
	}
}

func TestAPipeThatNobodyWritesToIsAnErrorInsteadOfAHang(t *testing.T) {
	t.Parallel()
	pipes := newPipes()
	pipes.timeout = 50 * time.Millisecond
	p := &fileProvider{provider{poller{options: newOptions(nil)}}, pipes}
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(t.Context())) })
	path := makeFIFO(t)
	_, err := p.RetrieveLayers(t.Context(), "file:"+path, nil)
	assert.ErrorContains(t, err, "nothing came out of it for 50ms: start the program that writes to it")

	// One that has a writer which says nothing more.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteString("a: ")
	require.NoError(t, err)
	_, err = p.RetrieveLayers(t.Context(), "file:"+path, nil)
	assert.ErrorContains(t, err, "nothing came out of it")
	require.NoError(t, f.Close())
}

// A command reads its configuration several times: it waits once, and takes what a writer that came meanwhile has written.
func TestASilentPipeIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	pipes := newPipes()
	path := makeFIFO(t)
	assert.Equal(t, pipeTimeout, pipes.patience(path))
	_, err := read(path, MaxSize, time.Millisecond, time.Now())
	require.ErrorIs(t, err, errSilent)
	require.Equal(t, err, pipes.failed(path, err))
	assert.Equal(t, silentTimeout, pipes.patience(path))
	_, again := read(path, MaxSize, 2*time.Millisecond, time.Now())
	assert.Equal(t, err, pipes.failed(path, again), "what is said is how long it was waited for")
	other, err := open(path) // so that what is written stays in the pipe while nobody reads it
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, other.Close()) })
	writeFIFO(t, path, "a: 1")
	p := &fileProvider{provider{poller{options: newOptions(nil)}}, pipes}
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(t.Context())) })
	require.Eventually(t, func() bool {
		got, err := p.RetrieveLayers(t.Context(), "file:"+path, nil)
		return err == nil && string(got.Layers[0].Text) == "a: 1"
	}, 10*time.Second, time.Millisecond)
}

func TestAFileIsReadAgainEachTime(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "x.yaml"), "a: 1")
	p := NewFileFactory().Create(confmaptest.NewNopProviderSettings()).(layers.Provider)
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(t.Context())) })
	for _, text := range []string{"a: 1", "a: 2"} {
		write(t, path, text)
		got, err := p.RetrieveLayers(t.Context(), "file:"+path, nil)
		require.NoError(t, err)
		assert.Equal(t, text, string(got.Layers[0].Text))
	}
}
