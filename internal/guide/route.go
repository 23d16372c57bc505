package guide

import (
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

const routing = "endpoint_routing"

// editRoute puts region, endpoints, addresses and proxies into the recipe of a way.
func (a *Answers) editRoute(d *document) {
	d.heading(d.paragraphs()[0], written+"\nIt is the file for OTELCOL_CLOUDWATCH_ROUTES, too; docs/routes.md explains it.")
	d.set(a.Region, "extensions", routing, "region")
	table := []string{"extensions", routing, "routes"}
	switch a.Way {
	case PrivateVIF:
		for _, service := range []string{"logs", "sts", "ssm", "monitoring", "xray"} {
			if names := a.Endpoints[service]; len(names) > 0 {
				d.set(names, append(table, "vpc_endpoints", service)...)
			} else {
				d.cut(append(table, "vpc_endpoints", service)...)
			}
		}
	case PublicVIF:
		d.set(a.Source, append(table, "public", "source")...)
		if len(a.AllowedCIDRs) > 0 {
			d.set(a.AllowedCIDRs, append(table, "public", "allowed_cidrs")...)
		} else {
			d.cut(append(table, "public", "allowed_cidrs")...)
		}
	case HTTPProxy:
		d.set(a.ProxyURL, append(table, "http_proxy", "url")...)
	case Failover:
		routes := &yaml.Node{Kind: yaml.SequenceNode}
		for _, w := range a.Ways {
			routes.Content = append(routes.Content, a.route(w))
		}
		d.set(routes, table...)
	}
	if !a.Logs {
		d.cut("exporters", "cloudwatch_logs")
	}
	if !a.Metrics {
		d.cut("exporters", "cloudwatch_emf")
	}
}

// route is one item of the table of a failover.
func (a *Answers) route(w Way) *yaml.Node {
	none := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	switch w {
	case VPCPrivateDNS:
		return pairs("name", "vpc", "private_dns", none)
	case PrivateVIF:
		endpoints := pairs()
		for _, service := range slices.Sorted(maps.Keys(a.Endpoints)) {
			endpoints.Content = append(endpoints.Content, pairs(service, a.Endpoints[service]).Content...)
		}
		return pairs("name", string(w), "vpc_endpoints", endpoints)
	case PublicVIF:
		public := pairs("source", a.Source)
		if len(a.AllowedCIDRs) > 0 {
			public.Content = append(public.Content, pairs("allowed_cidrs", a.AllowedCIDRs).Content...)
		}
		return pairs("name", string(w), "public", public)
	case HTTPProxy:
		return pairs("name", "proxy", "http_proxy", pairs(
			"url", a.ProxyURL, "username", "${env:PROXY_USERNAME:-}", "password", "${env:PROXY_PASSWORD:-}"))
	}
	return pairs("name", string(Internet), "public", none)
}
