package httpsprovider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/confmap"
)

const (
	scheme = "https"
	// fetchTimeout bounds a page, redirects included.
	fetchTimeout = 30 * time.Second
	// maxPage bounds a page in bytes. The largest configuration that is shipped has 20 kB.
	maxPage = 16 << 20
	// maxRedirects is what net/http follows.
	maxRedirects = 10
)

// NewFactory makes the provider's factory.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxy of the environment
		return &provider{transport: transport}
	})
}

type provider struct{ transport *http.Transport }

// Retrieve implements confmap.Provider.
func (p *provider) Retrieve(ctx context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	u, err := url.ParseRequestURI(uri)
	if err != nil || u.Scheme != scheme || u.Host == "" {
		return nil, fmt.Errorf("invalid layer %q: use https://HOST/PATH", uri)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: p.transport, CheckRedirect: checkRedirect}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("failed to fetch the layer: %w", err) // it names the page
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("failed to fetch %q: status %d", uri, answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("failed to read %q: %w", uri, err)
	}
	if len(text) > maxPage {
		return nil, fmt.Errorf("failed to read %q: it has more than %d bytes; a layer is smaller", uri, maxPage)
	}
	return confmap.NewRetrievedFromYAML(text)
}

// checkRedirect refuses to leave TLS: whoever is on the way could write the configuration, and no route table holds plain HTTP.
func checkRedirect(to *http.Request, via []*http.Request) error {
	if to.URL.Scheme != scheme {
		return fmt.Errorf("it redirects to %q, which has no TLS: name the page by its own https URL", to.URL.Redacted())
	}
	if len(via) >= maxRedirects {
		return errors.New("it redirects without an end")
	}
	return nil
}

// Scheme implements confmap.Provider.
func (*provider) Scheme() string { return scheme }

// Shutdown implements confmap.Provider.
func (p *provider) Shutdown(context.Context) error {
	p.transport.CloseIdleConnections()
	return nil
}
