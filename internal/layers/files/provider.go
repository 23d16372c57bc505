package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

const (
	fileScheme = "file"
	dirScheme  = "dir"
	// optional is the query of dir that makes a missing folder an empty one.
	optional = "optional"
)

// NewFileFactory gives the provider of scheme file. It takes what the collector's own takes: file:PATH,
// absolute or relative, with a drive or without, and ${file:PATH} for a value. Other than that one it
// watches, and says who may not read a file. Its providers share what they read from pipes.
func NewFileFactory(set ...Option) confmap.ProviderFactory {
	pipes := newPipes() // of all providers of the process: each start makes several
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return &fileProvider{provider{poller{options: newOptions(set)}}, pipes}
	})
}

// NewDirFactory gives the provider of scheme dir: every *.yaml and *.yml file of a folder, in the order of
// their names, is a layer. Links are followed; hidden files and folders in it are not read. A folder that
// does not exist is an error without ?optional=true.
func NewDirFactory(set ...Option) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return &dirProvider{provider{poller{options: newOptions(set)}}}
	})
}

var (
	_ layers.Provider = (*fileProvider)(nil)
	_ layers.Provider = (*dirProvider)(nil)
)

// provider is what both have in common.
type provider struct{ poller poller }

// Shutdown ends all watches and waits for the goroutine that serves them.
func (p *provider) Shutdown(ctx context.Context) error { return p.poller.shutdown(ctx) }

// opaque is what follows the scheme of a URI.
func (p *provider) opaque(ctx context.Context, scheme, uri string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	p.poller.mu.Lock()
	defer p.poller.mu.Unlock()
	path, ok := strings.CutPrefix(uri, scheme+":")
	switch {
	case p.poller.closed:
		return "", fmt.Errorf("cannot read %s: the provider has been shut down", uri)
	case !ok:
		return "", fmt.Errorf("%q is no URI of the scheme %s, such as %s:PATH", uri, scheme, scheme)
	case path == "":
		return "", fmt.Errorf("%q has no path after the colon", uri)
	}
	return path, nil
}

type fileProvider struct {
	provider
	pipes *pipes
}

// Scheme is file.
func (p *fileProvider) Scheme() string { return fileScheme }

// Retrieve reads a file, and takes it as text where it is no YAML.
func (p *fileProvider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	c, end, err := p.read(ctx, uri, watcher)
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML(c.text, confmap.WithRetrievedClose(end))
}

// RetrieveLayers reads a file as a layer that has its path as name.
func (p *fileProvider) RetrieveLayers(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*layers.Retrieved, error) {
	c, end, err := p.read(ctx, uri, watcher)
	if err != nil {
		return nil, err
	}
	return &layers.Retrieved{Layers: []layers.Layer{{Name: c.path, Text: c.text}}, Close: end}, nil
}

func (p *fileProvider) read(ctx context.Context, uri string, watcher confmap.WatcherFunc) (content, confmap.CloseFunc, error) {
	path, err := p.opaque(ctx, fileScheme, uri)
	if err != nil {
		return content{}, nil, err
	}
	path = filepath.Clean(path)
	if c, ok := p.pipes.before(path); ok {
		return c, nil, nil
	}
	c, err := read(path, MaxSize, p.pipes.patience(path), p.poller.options.now())
	if err != nil {
		return content{}, nil, p.pipes.failed(path, err)
	}
	if !c.seen.info.Mode().IsRegular() { // a pipe gives its content once
		p.pipes.remember(c)
		return c, nil, nil
	}
	return c, p.poller.add(target{path: path, files: map[string]state{path: c.seen}}, watcher), nil
}

type dirProvider struct{ provider }

// Scheme is dir.
func (p *dirProvider) Scheme() string { return dirScheme }

// Retrieve reads a folder and merges its files as layers, which may be a part of a configuration.
func (p *dirProvider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	got, err := p.RetrieveLayers(ctx, uri, watcher)
	if err != nil {
		return nil, err
	}
	merged, err := layers.MergePart(got.Layers)
	if err == nil {
		var r *confmap.Retrieved
		if r, err = confmap.NewRetrieved(merged.Map(), confmap.WithRetrievedClose(got.Close)); err == nil {
			return r, nil
		}
	}
	if got.Close != nil {
		err = errors.Join(err, got.Close(ctx))
	}
	return nil, err
}

// RetrieveLayers reads each file of a folder as a layer that has its path as name.
func (p *dirProvider) RetrieveLayers(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*layers.Retrieved, error) {
	opaque, err := p.opaque(ctx, dirScheme, uri)
	if err != nil {
		return nil, err
	}
	path, mayBeMissing, err := parseDir(opaque)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", uri, err)
	}
	t := target{path: path, dir: true, files: map[string]state{}}
	all, err := readDir(ctx, path, p.poller.options.now)
	if mayBeMissing && errors.Is(err, fs.ErrNotExist) && len(all) == 0 {
		if _, lerr := list(path); errors.Is(lerr, fs.ErrNotExist) { // the folder, and not what a link in it points to
			t.gone, err = true, nil
		}
	}
	if err != nil {
		return nil, err
	}
	got := &layers.Retrieved{}
	for _, c := range all {
		got.Layers = append(got.Layers, layers.Layer{Name: c.path, Text: c.text})
		t.names = append(t.names, filepath.Base(c.path))
		t.files[c.path] = c.seen
	}
	got.Close = p.poller.add(t, watcher)
	return got, nil
}

// parseDir splits a path and its query.
func parseDir(opaque string) (path string, mayBeMissing bool, err error) {
	path, query, found := strings.Cut(opaque, "?")
	if path == "" {
		return "", false, errors.New("there is no path before the question mark")
	}
	if !found {
		return filepath.Clean(path), false, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", false, fmt.Errorf("%q behind the question mark is no option such as %s=true", query, optional)
	}
	for name, value := range values {
		if name != optional || len(value) != 1 || value[0] != "true" && value[0] != "false" {
			return "", false, fmt.Errorf("%q behind the question mark is no option: there is %s=true or %s=false", query, optional, optional)
		}
		mayBeMissing = value[0] == "true"
	}
	return filepath.Clean(path), mayBeMissing, nil
}
