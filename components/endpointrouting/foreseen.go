package endpointrouting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// called is a host that a component's configuration names.
type called struct {
	component, key string
	host, port     string
}

// NotifyConfig tells at the start what would be refused later: hosts of the components that run, which process_proxy
// leads to the table and which neither it nor other_hosts serves. It tells what goes past the table, too: under
// private_only the start fails where that is a call to AWS, to a public address, or without TLS to a host that nobody has named.
func (e *routing) NotifyConfig(_ context.Context, conf *confmap.Conf) error {
	if !e.config.ProcessProxy {
		return nil
	}
	m := conf.ToStringMap()
	for _, c := range hostsOf(m) {
		address := net.JoinHostPort(c.host, c.port)
		through, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
		if err != nil || through == nil {
			continue // loopback, or NO_PROXY
		}
		if err := e.table.Refuses(c.host, c.port); err != nil {
			e.logger.Warn("What a component calls is going to be refused", zap.String("component", c.component), zap.String("key", c.key), zap.String("host", address), zap.Error(err))
		}
	}
	var errs []error
	for _, c := range pastOf(m) {
		refused := c.aws && e.config.Policy == awsroute.PrivateOnly
		if c.host != "" {
			sure, err := e.table.RefusesPast(c.host, c.port)
			if err == nil && (c.scrape || e.config.Policy == awsroute.PrivateOnly) {
				continue // it is in the private network, or the operator has named it
			}
			refused = err != nil && (sure || !c.scrape)
		}
		if refused {
			errs = append(errs, fmt.Errorf("%s: %s goes past the route table, and so past policy private_only: %s", c.component, c.key, c.remedy))
			continue
		}
		e.logger.Warn("What a component calls goes past the route table", zap.String("component", c.component), zap.String("key", c.key), zap.String("remedy", c.remedy))
	}
	return errors.Join(errs...)
}

// hostsOf finds URLs with https, and the addresses that exporters send to by gRPC, in the components that a service
// uses.
func hostsOf(m map[string]any) []called {
	var found []called
	for _, part := range []string{"extensions", "receivers", "processors", "exporters"} {
		components, _ := m[part].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(components)) {
			section, ok := components[id].(map[string]any)
			kind, _, _ := strings.Cut(id, "/")
			if ok && kind != awsaccess.Extension && kind != scraper && used(m, part, id) {
				component := part + "::" + id
				walk("", section, func(key, value string) {
					if host, port, ok := remote(part, key, value); ok {
						found = append(found, called{component, strings.TrimPrefix(key, "::"), host, port})
					}
				})
			}
		}
	}
	return found
}

// used says whether a service uses a component.
func used(m map[string]any, part, id string) bool {
	service, _ := m["service"].(map[string]any)
	if part == "extensions" {
		return lists(service["extensions"], id)
	}
	pipelines, _ := service["pipelines"].(map[string]any)
	for _, p := range pipelines {
		if p, ok := p.(map[string]any); ok && lists(p[part], id) {
			return true
		}
	}
	return false
}

func lists(list any, id string) bool {
	items, _ := list.([]any)
	return slices.ContainsFunc(items, func(item any) bool { return fmt.Sprint(item) == id })
}

// walk visits the texts of a section. One that has a proxy of its own is left out.
func walk(key string, v any, visit func(key, value string)) {
	switch v := v.(type) {
	case string:
		visit(key, v)
	case []any:
		for _, item := range v {
			walk(key, item, visit)
		}
	case map[string]any:
		for _, proxy := range []string{"proxy_url", "proxy_address"} {
			if text, _ := v[proxy].(string); text != "" {
				return
			}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(key+"::"+k, v[k], visit)
		}
	}
}

// remote reads the host out of a value.
func remote(part, key, value string) (host, port string, ok bool) {
	if strings.HasPrefix(value, "https://") {
		u, err := url.Parse(value)
		if err != nil || u.Hostname() == "" {
			return "", "", false
		}
		return u.Hostname(), cmp.Or(u.Port(), "443"), true
	}
	if part != "exporters" || !strings.HasSuffix(key, "::endpoint") || strings.Contains(value, "/") {
		return "", "", false
	}
	host, port, err := net.SplitHostPort(value)
	return host, port, err == nil && host != "" && port != ""
}
