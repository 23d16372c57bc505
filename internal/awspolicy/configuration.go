package awspolicy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// somewhere is what a placeholder becomes that each host resolves for itself. As a placeholder of names it
// may stand in their templates, and is a * in the end.
const somewhere = "{env:otelcol_cloudwatch}"

// collection gathers what a configuration needs.
type collection struct {
	section
	ctx   context.Context
	found []Need
	notes []string
	// routed is who our own components are: the last role of endpoint_routing's credentials. served is whether
	// others are the same, by its credentials endpoint.
	routed string
	served bool
}

// Of says what a configuration needs: its layers, merged, with placeholders as they were written, and the
// --config values that they came from. Notes are what a policy cannot say, or what is not known.
func Of(ctx context.Context, merged map[string]any, uris []string) (found []Need, notes []string, err error) {
	c := &collection{ctx: ctx}
	read := &placeholders{}
	text, err := yaml.Marshal(merged)
	if err != nil {
		return nil, nil, err
	}
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"yaml:" + string(text)},
		ProviderFactories: append(read.factories(), envprovider.NewFactory(), yamlprovider.NewFactory()),
		DefaultScheme:     "env",
	})
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resolver.Shutdown(ctx) }()
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.section = conf.ToStringMap()

	c.routing()
	for _, uri := range append(slices.Clone(uris), read.uris...) {
		c.fetched(uri)
	}
	c.used()
	return c.found, c.notes, nil
}

// used asks every component that the service uses.
func (c *collection) used() {
	service := c.in("service")
	c.ask("extensions", service.list("extensions"))
	of := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(service.in("pipelines"))) {
		pipeline := service.in("pipelines").in(name)
		for _, part := range []string{"receivers", "processors", "exporters"} {
			of[part] = append(of[part], pipeline.list(part)...)
		}
	}
	for _, part := range []string{"receivers", "processors", "exporters"} {
		c.ask(part, of[part])
	}
}

func (c *collection) ask(part string, ids []string) {
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		needs, known := lookUp(part, id)
		if _, connector := c.in("connectors")[id]; connector {
			continue // none calls AWS
		}
		if !known {
			c.notes = append(c.notes, fmt.Sprintf("%s::%s is no component that is known here: what it needs has to be added", part, id))
			continue
		}
		if needs != nil {
			needs(c, part+"::"+id, c.in(part).in(id))
		}
	}
}

// routing finds who calls, where endpoint_routing says it.
func (c *collection) routing() {
	for _, id := range c.in("service").list("extensions") {
		if kind, _, _ := strings.Cut(id, "/"); kind == "endpoint_routing" {
			s := c.in("extensions").in(id)
			c.routed = c.chain("", roles(s.in("credentials"))...)
			_, c.served = s["credentials_endpoint"].(map[string]any)
		}
	}
}

// roles are those of credentials::assume_role.
func roles(credentials section) []string {
	var all []string
	for _, r := range credentials.sections("assume_role") {
		all = append(all, r.text("role_arn"))
	}
	return all
}

// chain is who one is who takes roles, each with the one before.
func (c *collection) chain(principal string, roles ...string) string {
	for _, role := range roles {
		if role == "" {
			continue
		}
		role = strings.ReplaceAll(role, somewhere, "*")
		c.need("assume_role", principal, "role "+role, Values{"ROLE_ARN": role})
		principal = role
	}
	return principal
}

// outside is who a component is that finds credentials by the SDK's chain, and may take a role.
func (c *collection) outside(role string) string {
	if c.served {
		return c.chain(c.routed, role)
	}
	return c.chain("", role)
}

// inRegion adds the region of a component, where it is known, to values.
func (c *collection) inRegion(s section, values Values) Values {
	if values == nil {
		values = Values{}
	}
	if region := s.text("region"); region != "" && !strings.Contains(region, somewhere) {
		values["REGION"] = region
	}
	return values
}

func (c *collection) need(feature, principal, by string, values Values) {
	clean := Values{}
	for k, v := range values {
		clean[k] = strings.ReplaceAll(v, somewhere, "*")
	}
	n := Need{Feature: feature, Principal: principal, For: by, Values: clean}
	if !slices.ContainsFunc(c.found, func(o Need) bool {
		return o.Feature == feature && o.Principal == principal && maps.Equal(o.Values, clean)
	}) {
		c.found = append(c.found, n)
	}
}

// fetched is what fetching a layer or a value needs.
func (c *collection) fetched(uri string) {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch scheme {
	case ssmstore.Scheme:
		c.parameter(uri)
	case "s3": // s3://BUCKET.s3.REGION.amazonaws.com/KEY
		u, err := url.Parse(uri)
		if err != nil {
			c.notes = append(c.notes, fmt.Sprintf("%s is no address of an object", uri))
			return
		}
		bucket, _, _ := strings.Cut(u.Host, ".s3.")
		c.need("config_s3", c.outside(""), uri, Values{"OBJECT": bucket + u.Path})
	case "secretsmanager":
		name, _, _ := strings.Cut(rest, "#")
		name, _, _ = strings.Cut(name, ":-")
		if strings.HasPrefix(name, "arn:") {
			_, name, _ = strings.Cut(name, ":secret:")
		} else {
			name += "-??????"
		}
		c.need("config_secrets", c.outside(""), uri, Values{"SECRET": name})
	}
}

func (c *collection) parameter(uri string) {
	u, err := ssmstore.ParseURI(strings.ReplaceAll(uri, somewhere, "*"))
	if err != nil {
		c.notes = append(c.notes, fmt.Sprintf("what %q needs is not known: %v", strings.ReplaceAll(uri, somewhere, "*"), err))
		return
	}
	values := Values{}
	name := u.Name
	if strings.HasPrefix(name, "arn:") { // arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME
		parts := strings.SplitN(name, ":", 6)
		if len(parts) == 6 {
			values["PARTITION"], values["REGION"], values["ACCOUNT"] = parts[1], parts[3], parts[4]
			name = strings.TrimPrefix(parts[5], "parameter")
		}
	}
	if u.Region != "" {
		values["REGION"] = u.Region
	}
	principal := c.chain(c.routed, u.RoleARN)
	name = strings.TrimPrefix(name, "/")
	if !u.IsPath() {
		values["PARAMETER"] = name
		c.need("config_read_one", principal, uri, values)
		return
	}
	values["PATH"] = cmp.Or(strings.TrimSuffix(name, "/"), "*")
	c.need("config_read", principal, uri, values)
}

// placeholders stands in for the providers whose values differ from host to host, and notes what was asked.
type placeholders struct{ uris []string }

func (p *placeholders) factories() []confmap.ProviderFactory {
	var all []confmap.ProviderFactory
	for _, scheme := range []string{"ssm", "s3", "secretsmanager", "host", "file", "http", "https"} {
		all = append(all, confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return &placeholder{scheme, p} }))
	}
	return all
}

type placeholder struct {
	scheme string
	to     *placeholders
}

func (p *placeholder) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	p.to.uris = append(p.to.uris, uri)
	return confmap.NewRetrieved(somewhere)
}

func (p *placeholder) Scheme() string                 { return p.scheme }
func (p *placeholder) Shutdown(context.Context) error { return nil }
