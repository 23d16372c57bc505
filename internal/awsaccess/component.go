package awsaccess

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// Provider is an extension that knows the operator's way to AWS. endpoint_routing is one.
type Provider interface {
	awsroute.Provider
	// Access is the configuration of that way.
	Access() Config
}

// NewComponentSession makes a session of a component of the collector: over the routes and, where c names
// no credentials, with those of the endpoint_routing extension, if the collector has one. The roles of c are
// assumed on top of them. Without the extension the session takes the SDK's own ways.
func NewComponentSession(ctx context.Context, host component.Host, c awsconfig.Config, o awsconfig.Options) (*awsconfig.Session, error) {
	p := provider(host)
	if p == nil {
		return awsconfig.Load(ctx, c, o)
	}
	table, config := p.Routes(), p.Access()
	o.Router, o.DefaultRegion, o.Endpoints = table, config.Region, table.Endpoints()
	return awsconfig.Load(ctx, withCredentials(c, config), o)
}

// withCredentials gives c the operator's credentials where it names none of its own.
func withCredentials(c awsconfig.Config, operator Config) awsconfig.Config {
	if operator.HasCredentials() && c.Credentials.Source == "" {
		roles := c.Credentials.AssumeRole
		c.Credentials = operator.Credentials
		c.Credentials.AssumeRole = slices.Concat(c.Credentials.AssumeRole, roles)
	}
	return c
}

// provider is the extension, the first by its name if there are several.
func provider(host component.Host) Provider {
	var found Provider
	var name string
	for id, extension := range host.GetExtensions() {
		if p, ok := extension.(Provider); ok && (found == nil || strings.Compare(id.String(), name) < 0) {
			found, name = p, id.String()
		}
	}
	return found
}
