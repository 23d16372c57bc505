package awsconfig

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// idleTimeout closes connections that rest. CloudWatch closes its end after about 6 seconds (as users
// of several agents found); a request that is written at that moment fails.
const idleTimeout = 5 * time.Second

const (
	// metadataDialTimeout bounds a connection to a metadata endpoint. They are one hop away or absent.
	metadataDialTimeout = time.Second
	// metadataAnswerTimeout bounds its answer. The ECS agent may have to fetch credentials first.
	metadataAnswerTimeout = 5 * time.Second
)

// maxRedirects is net/http's own.
const maxRedirects = 10

// Router decides which address is dialed for a name. *awsroute.Table is one.
type Router interface {
	// DialContext connects to the address "HOST:PORT".
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	// Generation changes when the route of any service changes.
	Generation() uint64
	// RootCAs are the authorities to trust; nil for the system's.
	RootCAs() *x509.CertPool
}

// buildable is the SDK's client on the router's ways. LoadDefaultConfig takes no other when there is a
// certificate bundle to add (AWS_CA_BUNDLE, or ca_bundle of a profile).
func buildable(router Router) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.IdleConnTimeout = idleTimeout
		t.MaxIdleConnsPerHost = t.MaxIdleConns // the SDK's 10 would close connections that are used a moment later
		if router == nil {
			return
		}
		t.Proxy = nil // the table knows its proxies
		t.DialContext = router.DialContext
		if pool := router.RootCAs(); pool != nil {
			t.TLSClientConfig.RootCAs = pool.Clone() // the SDK adds to it
		}
	})
}

// client is an aws.HTTPClient whose new requests take the routes of now: when the router's generation
// changes, connections of before serve the requests that they have and no others.
type client struct {
	router   Router
	template *http.Transport
	http     *http.Client

	mu         sync.Mutex
	generation uint64
	current    *http.Transport
}

func newClient(router Router, template *http.Transport) *client {
	c := &client{router: router, template: template, current: template.Clone()}
	if router != nil {
		c.generation = router.Generation()
	}
	c.http = &http.Client{Transport: c, CheckRedirect: checkRedirect}
	return c
}

// Do implements aws.HTTPClient.
func (c *client) Do(r *http.Request) (*http.Response, error) { return c.http.Do(r) }

// RoundTrip implements http.RoundTripper.
func (c *client) RoundTrip(r *http.Request) (*http.Response, error) {
	return c.transport().RoundTrip(r)
}

func (c *client) transport() *http.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.router == nil {
		return c.current
	}
	if now := c.router.Generation(); now != c.generation {
		old := c.current
		c.generation, c.current = now, c.template.Clone()
		old.CloseIdleConnections() // and those in use when they come to rest
	}
	return c.current
}

// close ends the connections that rest.
func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current.CloseIdleConnections()
}

// checkRedirect follows redirects that keep the method, as the SDK's own client does (S3 sends them),
// and takes the session token off when the host changes.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	switch r.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if via[len(via)-1].URL.Host != r.URL.Host {
			r.Header.Del("X-Amz-Security-Token")
		}
		return nil
	}
	return http.ErrUseLastResponse
}

// metadataClient is for the endpoints of the instance and the container: never through a proxy, soon
// to give up, with no connections that rest.
func metadataClient(template *http.Transport) *http.Client {
	t := template.Clone()
	dial := t.DialContext
	t.Proxy = nil
	t.DisableKeepAlives = true
	t.ResponseHeaderTimeout = metadataAnswerTimeout
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, metadataDialTimeout)
		defer cancel()
		return dial(ctx, network, address)
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// sendThrough makes every client of a configuration send with c, whichever client it was given. The
// SDK's clients give a BuildableClient a new dialer in some modes (AWS_DEFAULTS_MODE), which would
// leave the route.
func sendThrough(c aws.HTTPClient) func(*middleware.Stack) error {
	handler := smithyhttp.NewClientHandlerWithOptions(c)
	send := middleware.DeserializeMiddlewareFunc("RoutedTransport", func(
		ctx context.Context, in middleware.DeserializeInput, _ middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
		out.RawResponse, metadata, err = handler.Handle(ctx, in.Request)
		return out, metadata, err
	})
	return func(stack *middleware.Stack) error { return stack.Deserialize.Add(send, middleware.After) }
}
