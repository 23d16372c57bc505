package files

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// clock is a ticker that ticks when the test says so.
type clock struct{ ticks chan time.Time }

func (c *clock) set(o *options) {
	o.ticks = func(time.Duration) (<-chan time.Time, func()) { return c.ticks, func() {} }
}

type watched struct {
	*clock
	layers.Provider
	poller *poller
	calls  atomic.Int64
}

func (w *watched) event(e *confmap.ChangeEvent) {
	if e.Error == nil {
		w.calls.Add(1)
	}
}

// changed polls, and says how often the watcher was called.
func (w *watched) changed() int64 {
	before := w.calls.Load()
	w.poller.poll(nil)
	return w.calls.Load() - before
}

func watchedBy(t *testing.T, factory func(...Option) confmap.ProviderFactory) *watched {
	t.Helper()
	c := &clock{ticks: make(chan time.Time)}
	w := &watched{clock: c, Provider: create(t, factory(c.set))}
	switch p := w.Provider.(type) {
	case *fileProvider:
		w.poller = &p.poller
	case *dirProvider:
		w.poller = &p.poller
	}
	return w
}

func TestAChangedFileIsToldOnce(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "x.yaml"), "a: 1")
	w := watchedBy(t, NewFileFactory)
	got, err := w.RetrieveLayers(t.Context(), "file:"+path, w.event)
	require.NoError(t, err)
	assert.Zero(t, w.changed(), "nothing has changed")

	write(t, path, "a: 2")
	assert.EqualValues(t, 1, w.changed(), "the same size, in the same second")
	assert.Zero(t, w.changed())

	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(path, later, later))
	assert.Zero(t, w.changed(), "touched only")

	replacement := write(t, path+".tmp", "a: 3")
	require.NoError(t, os.Chtimes(replacement, later, later))
	require.NoError(t, os.Rename(replacement, path))
	assert.EqualValues(t, 1, w.changed(), "renamed as editors do, with the time and size of the one before")

	require.NoError(t, os.Remove(path))
	assert.EqualValues(t, 1, w.changed(), "vanished")
	assert.Zero(t, w.changed())
	write(t, path, "a: 3")
	assert.EqualValues(t, 1, w.changed(), "back again, even with the same content")

	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	assert.EqualValues(t, 1, w.changed(), "a folder is no file")

	require.NoError(t, got.Close(t.Context()))
	require.NoError(t, os.Remove(path))
	write(t, path, "a: 4")
	assert.Zero(t, w.changed(), "closed")
}

func TestASettledFileIsNotReadAgain(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "x.yaml"), "a: 1")
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))
	w := watchedBy(t, NewFileFactory)
	_, err := w.RetrieveLayers(t.Context(), "file:"+path, w.event)
	require.NoError(t, err)
	// Another content of the same size, time and file is what no one can see without reading.
	write(t, path, "a: 2")
	require.NoError(t, os.Chtimes(path, old, old))
	assert.Zero(t, w.changed())

	now := time.Now()
	require.NoError(t, os.Chtimes(path, now, now))
	assert.EqualValues(t, 1, w.changed())
	write(t, path, "a: 3")
	require.NoError(t, os.Chtimes(path, now, now))
	assert.EqualValues(t, 1, w.changed(), "a file that has just changed is read again, whatever its time says")
}

func TestAChangedFolderIsTold(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "config.d")
	w := watchedBy(t, NewDirFactory)
	_, err := w.RetrieveLayers(t.Context(), "dir:"+dir+"?optional=true", w.event)
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		do   func()
		want int64
	}{
		{"nothing", func() {}, 0},
		{"the folder comes", func() { require.NoError(t, os.Mkdir(dir, 0o700)) }, 1},
		{"a file comes", func() { write(t, filepath.Join(dir, "a.yaml"), "a: 1") }, 1},
		{"another one comes", func() { write(t, filepath.Join(dir, "b.yaml"), "b: 1") }, 1},
		{"one changes", func() { write(t, filepath.Join(dir, "a.yaml"), "a: 2") }, 1},
		{"nothing again", func() {}, 0},
		{"one is renamed", func() { require.NoError(t, os.Rename(filepath.Join(dir, "a.yaml"), filepath.Join(dir, "c.yaml"))) }, 1},
		{"two change", func() { write(t, filepath.Join(dir, "b.yaml"), "b: 2"); write(t, filepath.Join(dir, "c.yaml"), "c: 2") }, 1},
		{"what is no layer comes", func() { write(t, filepath.Join(dir, ".a.yaml.swp"), ""); write(t, filepath.Join(dir, "a.txt"), "") }, 0},
		{"one goes", func() { require.NoError(t, os.Remove(filepath.Join(dir, "b.yaml"))) }, 1},
		{"the folder goes", func() { require.NoError(t, os.RemoveAll(dir)) }, 1},
		{"and is still gone", func() {}, 0},
	} {
		c.do()
		assert.Equal(t, c.want, w.changed(), c.name)
	}
}

// Kubernetes has the files of a ConfigMap in a folder that ..data points to, and swaps that link.
func TestASwappedConfigMapIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "..1", "a.yaml"), "a: 1")
	write(t, filepath.Join(dir, "..2", "a.yaml"), "a: 2")
	write(t, filepath.Join(dir, "..3", "a.yaml"), "a: 2")
	swap := func(to string) {
		link := filepath.Join(dir, "..data_tmp")
		require.NoError(t, os.Symlink(to, link))
		require.NoError(t, os.Rename(link, filepath.Join(dir, "..data")))
	}
	if err := os.Symlink(filepath.Join("..data", "a.yaml"), filepath.Join(dir, "a.yaml")); err != nil {
		t.Skip(err)
	}
	swap("..1")
	for _, w := range []*watched{watchedBy(t, NewDirFactory), watchedBy(t, NewFileFactory)} {
		uri := "dir:" + dir
		if w.Scheme() == fileScheme {
			uri = "file:" + filepath.Join(dir, "a.yaml")
		}
		got, err := w.RetrieveLayers(t.Context(), uri, w.event)
		require.NoError(t, err)
		require.Len(t, got.Layers, 1)
		swap("..2")
		assert.EqualValues(t, 1, w.changed())
		swap("..3")
		assert.Zero(t, w.changed(), "the same content")
		swap("..1")
		assert.EqualValues(t, 1, w.changed())
	}
}

func TestOneCallTellsOfManyChangesAndTheOthersFollow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := watchedBy(t, NewFileFactory)
	var closers []confmap.CloseFunc
	for _, name := range []string{"a", "b", "c"} {
		write(t, filepath.Join(dir, name), "1")
		got, err := w.RetrieveLayers(t.Context(), "file:"+filepath.Join(dir, name), w.event)
		require.NoError(t, err)
		closers = append(closers, got.Close)
	}
	for _, name := range []string{"a", "b", "c"} {
		write(t, filepath.Join(dir, name), "2")
	}
	for range 3 {
		assert.EqualValues(t, 1, w.changed())
	}
	assert.Zero(t, w.changed())
	for _, c := range closers {
		require.NoError(t, c(t.Context()))
	}
}

func TestCloseWaitsForACall(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "x"), "1")
	w := watchedBy(t, NewFileFactory)
	called, release := make(chan struct{}), make(chan struct{})
	got, err := w.RetrieveLayers(t.Context(), "file:"+path, func(*confmap.ChangeEvent) {
		close(called)
		<-release
	})
	require.NoError(t, err)
	write(t, path, "2")
	w.ticks <- time.Time{}
	<-called
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, got.Close(canceled), context.Canceled)
	assert.ErrorIs(t, w.Shutdown(canceled), context.Canceled)
	close(release)
	require.NoError(t, got.Close(t.Context()))
	require.NoError(t, w.Shutdown(t.Context()))
}

func TestNothingIsWatchedThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "x"), "1")
	for _, f := range []confmap.ProviderFactory{NewFileFactory(), NewFileFactory(WithInterval(0))} {
		p, ok := create(t, f).(*fileProvider)
		require.True(t, ok)
		watcher := confmap.WatcherFunc(func(*confmap.ChangeEvent) {})
		if p.poller.options.interval > 0 {
			watcher = nil
		}
		got, err := p.Retrieve(t.Context(), "file:"+path, watcher)
		require.NoError(t, err)
		require.NoError(t, got.Close(t.Context()))
		assert.Nil(t, p.poller.stop)
	}
}

// With the collector's resolver and the real ticker.
func TestTheCollectorsResolverSeesAChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "value"), "one")
	write(t, filepath.Join(dir, "d", "a.yaml"), "a: ${file:"+filepath.ToSlash(filepath.Join(dir, "value"))+"}")
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"dir:" + filepath.Join(dir, "d")},
		ProviderFactories: []confmap.ProviderFactory{NewFileFactory(WithInterval(time.Millisecond)), NewDirFactory(WithInterval(time.Millisecond))},
	})
	require.NoError(t, err)
	for _, change := range []struct{ file, text, want string }{{"value", "one", "one"}, {"value", "two", "two"}, {filepath.Join("d", "a.yaml"), "a: three", "three"}} {
		if change.want != "one" {
			write(t, filepath.Join(dir, change.file), change.text)
			require.NoError(t, <-r.Watch())
		}
		require.Eventually(t, func() bool { // a change may be seen half-written
			conf, err := r.Resolve(t.Context())
			return err == nil && conf.Get("a") == change.want
		}, time.Minute, time.Millisecond)
		select {
		case <-r.Watch(): // of a half-written one
		default:
		}
	}
	require.NoError(t, r.Shutdown(t.Context()))
}
