package reload

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/confdata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	remote "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
)

// FetchError is a layer or a value that cannot be fetched: perhaps later.
type FetchError struct {
	// URI is what was asked for, without credentials.
	URI string
	err error
}

func (e *FetchError) Error() string { return fmt.Sprintf("%s: %v", e.URI, e.err) }
func (e *FetchError) Unwrap() error { return e.err }

// sources are the providers, each made once, and the watches that they keep.
type sources struct {
	providers     map[string]confmap.Provider
	defaultScheme string
	changed       func() // called by a watch
	watches       []confmap.CloseFunc
	allRemote     bool           // every layer counts as fetched
	trusted       *remote.Policy // instead of what local layers say
	stateDir      string
	level         Trust // of what was fetched last
	reach         func(context.Context) error
	hanging       map[string]<-chan struct{} // by URI: calls that were given up, until they return
}

func newSources(factories []confmap.ProviderFactory, defaultScheme string, settings confmap.ProviderSettings, changed func()) *sources {
	s := &sources{
		providers: map[string]confmap.Provider{}, defaultScheme: defaultScheme, changed: changed,
		reach: func(context.Context) error { return nil }, hanging: map[string]<-chan struct{}{},
	}
	for _, f := range factories {
		p := f.Create(settings)
		s.providers[p.Scheme()] = p
	}
	return s
}

// drive is how a path begins that has a drive, after RFC 8089, appendix E.2.
var drive = regexp.MustCompile(`^[A-Za-z]:`)

// split finds the scheme of a --config value: a bare path is a file.
func (s *sources) split(uri string) (provider confmap.Provider, full string, err error) {
	scheme, _, found := strings.Cut(uri, ":")
	if !found || drive.MatchString(uri) && len(scheme) == 1 {
		scheme, uri = "file", "file:"+uri
	}
	p, ok := s.providers[scheme]
	if !ok {
		known := make([]string, 0, len(s.providers))
		for name := range s.providers {
			known = append(known, name)
		}
		slices.Sort(known)
		return nil, "", fmt.Errorf("unsupported scheme on URI %q: it is one of %s, or a path", uri, strings.Join(known, ", "))
	}
	return p, uri, nil
}

// checkURIs says whether there is a provider for each.
func (s *sources) checkURIs(uris []string) error {
	var errs []error
	for _, uri := range uris {
		_, _, err := s.split(uri)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// shown is a URI without what it may hold of secrets, and not too long.
func shown(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch scheme {
	case "yaml":
		const most = 40
		if len(rest) > most {
			rest = rest[:most] + "…"
		}
		if layers.Secret(strings.Split(strings.SplitN(rest, ": ", 2)[0], "::")) {
			rest = strings.SplitN(rest, ": ", 2)[0] + ": " + redact.Mark
		}
		return redact.Text("yaml:" + rest)
	case "http", "https":
		if u, err := url.Parse(uri); err == nil {
			u.User, u.RawQuery = nil, ""
			return u.String()
		}
	case "env", "ssm":
		uri, _, _ = strings.Cut(uri, ":-") // a default may be a secret
	}
	return uri
}

// fetch gets all layers, merges them, and gets what their placeholders stand for. The watches of this
// fetch are in place of earlier ones when it returns a snapshot; else the earlier ones stay.
func (s *sources) fetch(ctx context.Context, uris []string) (*snapshot, error) {
	snap := &snapshot{values: map[string]value{}}
	var watches []confmap.CloseFunc
	defer func() {
		for _, end := range watches {
			_ = end(context.WithoutCancel(ctx)) // it only stops watching
		}
	}()
	for _, uri := range uris {
		got, err := s.layersOf(ctx, uri)
		if err != nil {
			return nil, err
		}
		snap.layers = append(snap.layers, got.Layers...)
		if got.Close != nil {
			watches = append(watches, got.Close)
		}
	}
	merged, err := layers.Merge(snap.layers)
	if err != nil {
		snap.seal()
		watches, s.watches = s.watches, watches
		return snap, err
	}
	snap.merged = merged
	live := func(ctx context.Context, uri string) (*confmap.Retrieved, error) {
		if v, ok := snap.values[uri]; ok {
			return v.retrieved()
		}
		scheme, _, _ := strings.Cut(uri, ":")
		r, err := bounded(ctx, s, uri, func() (*confmap.Retrieved, error) {
			return s.retrieve(ctx, scheme, uri, func(*confmap.ChangeEvent) { s.changed() })
		}, closeValue)
		if err != nil {
			return nil, &FetchError{URI: "${" + shown(uri) + "}", err: err}
		}
		watches = append(watches, r.Close)
		v, err := valueOf(r)
		if err != nil {
			return nil, err
		}
		v.Secret = secretSource(s.providers[scheme], uri)
		if scheme == "env" {
			v = snap.exact(uri, v)
		}
		snap.values[uri] = v
		return v.retrieved()
	}
	if err = s.trust(ctx, snap, live); err == nil {
		_, err = s.expand(ctx, snap, live)
	}
	err = s.withSource(err)
	snap.seal()
	var unreachable *FetchError
	if errors.As(err, &unreachable) {
		return nil, err
	}
	watches, s.watches = s.watches, watches
	return snap, err
}

// retrieve asks a provider. A variable whose value the provider cannot use, such as a number of 20 digits, is text.
func (s *sources) retrieve(ctx context.Context, scheme, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	r, err := s.providers[scheme].Retrieve(ctx, uri, watcher)
	if err != nil && scheme == "env" {
		name, _, _ := strings.Cut(strings.TrimPrefix(uri, "env:"), ":-")
		if text, set := os.LookupEnv(name); set {
			return confdata.Retrieved(text, true)
		}
	}
	return r, err
}

// expand resolves a snapshot's placeholders, for the values that live gets on the way.
func (s *sources) expand(ctx context.Context, snap *snapshot, live retrieve) (*confmap.Conf, error) {
	settings := s.views(func() *snapshot { return snap }, live)
	settings.URIs = []string{layered + ":"}
	r, err := confmap.NewResolver(settings)
	if err != nil {
		return nil, err
	}
	conf, err := r.Resolve(ctx)
	return conf, errors.Join(err, r.Shutdown(ctx))
}

// layersOf gets the layers of a URI, and marks those that were fetched from elsewhere.
func (s *sources) layersOf(ctx context.Context, uri string) (*layers.Retrieved, error) {
	got, err := s.retrieveLayers(ctx, uri)
	if err != nil {
		return nil, err
	}
	for i := range got.Layers {
		got.Layers[i].Remote = s.allRemote || layers.RemoteURI(uri)
	}
	return got, nil
}

func (s *sources) retrieveLayers(ctx context.Context, uri string) (*layers.Retrieved, error) {
	p, full, err := s.split(uri)
	if err != nil {
		return nil, err
	}
	changed := func(*confmap.ChangeEvent) { s.changed() }
	if many, ok := p.(layers.Provider); ok {
		got, err := bounded(ctx, s, full, func() (*layers.Retrieved, error) { return many.RetrieveLayers(ctx, full, changed) }, closeLayers)
		if err != nil {
			return nil, &FetchError{URI: shown(full), err: err}
		}
		return got, nil
	}
	r, err := bounded(ctx, s, full, func() (*confmap.Retrieved, error) { return p.Retrieve(ctx, full, changed) }, closeValue)
	if err != nil {
		return nil, &FetchError{URI: shown(full), err: err}
	}
	text, err := textOf(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown(full), err)
	}
	return &layers.Retrieved{Layers: []layers.Layer{{Name: shown(full), Text: text}}, Close: r.Close}, nil
}

func textOf(r *confmap.Retrieved) ([]byte, error) {
	if text, err := r.AsString(); err == nil {
		return []byte(text), nil
	}
	raw, err := r.AsRaw()
	if err != nil || raw == nil {
		return nil, err
	}
	return yaml.Marshal(raw)
}

// polled says whether a snapshot has a part that nobody watches.
func polled(uris []string, snap *snapshot) bool {
	unwatched := func(uri string) bool {
		scheme, _, _ := strings.Cut(uri, ":")
		return slices.Contains([]string{"http", "https", "s3", "secretsmanager"}, scheme)
	}
	if slices.ContainsFunc(uris, unwatched) {
		return true
	}
	for uri := range snap.values {
		if unwatched(uri) {
			return true
		}
	}
	return false
}

func (s *sources) shutdown(ctx context.Context) error {
	var errs []error
	for _, end := range s.watches {
		errs = append(errs, end(ctx))
	}
	s.watches = nil
	for _, p := range s.providers {
		errs = append(errs, p.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
