package endpointrouting

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
)

// scraper is the receiver whose clients do not look at HTTPS_PROXY unless each is told to.
const scraper = "prometheus"

// discoveries are the parts of a job that call AWS (Prometheus 3, configuration of aws_sd_config and its kinds).
var discoveries = []string{"aws_sd_configs", "ec2_sd_configs", "ecs_sd_configs", "elasticache_sd_configs", "lightsail_sd_configs", "msk_sd_configs", "rds_sd_configs"}

// past is something that a component calls without looking at HTTPS_PROXY.
type past struct {
	component, key, remedy string
	aws                    bool   // it is for AWS
	host, port             string // where one is known
	scrape                 bool   // it is a target of a scrape, which is mostly in the private network
}

// pastOf finds what the components that a service uses call past the listener: discovery and targets of the receiver prometheus,
// and URLs without TLS.
func pastOf(m map[string]any) []past {
	var found []past
	for _, part := range []string{"extensions", "receivers", "processors", "exporters"} {
		components, _ := m[part].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(components)) {
			section, ok := components[id].(map[string]any)
			kind, _, _ := strings.Cut(id, "/")
			switch component := part + "::" + id; {
			case !ok || !used(m, part, id):
			case part == "receivers" && kind == scraper:
				found = append(found, discovered(component, section)...)
				found = append(found, scraped(component, section)...)
			case part == "exporters" && kind != "otlp" && kind != "otlp_grpc", // whose gRPC takes HTTPS_PROXY without TLS, too
				part == "extensions" && kind != awsaccess.Extension:
				walk("", section, func(key, value string) {
					if host, port, ok := plain(value); ok {
						found = append(found, past{
							component: component, key: strings.TrimPrefix(key, "::"), host: host, port: port,
							remedy: fmt.Sprintf("%q has no TLS, and HTTPS_PROXY does not concern it: use https, or name the host in other_hosts if it is in your network", value),
						})
					}
				})
			}
		}
	}
	return found
}

// discovered are the clients of the jobs that have no word about a proxy.
func discovered(component string, section map[string]any) []past {
	var found []past
	config, _ := section["config"].(map[string]any)
	jobs, _ := config["scrape_configs"].([]any)
	for _, job := range jobs {
		job, _ := job.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(job)) {
			clients, _ := job[key].([]any)
			aws := slices.Contains(discoveries, key)
			if !aws && key != "http_sd_configs" {
				continue
			}
			for _, client := range clients {
				client, _ := client.(map[string]any)
				if on, _ := client["proxy_from_environment"].(bool); on {
					continue
				}
				if proxy, _ := client["proxy_url"].(string); proxy != "" {
					continue
				}
				found = append(found, past{
					component: component, aws: aws, key: fmt.Sprintf("config::scrape_configs (%v)::%s", job["job_name"], key),
					remedy: "set proxy_from_environment: true in it",
				})
				break
			}
		}
	}
	return found
}

// scraped are the targets that jobs name and scrape past the listener: it serves HTTPS alone, and who asks for it.
func scraped(component string, section map[string]any) []past {
	var found []past
	config, _ := section["config"].(map[string]any)
	jobs, _ := config["scrape_configs"].([]any)
	for _, job := range jobs {
		job, _ := job.(map[string]any)
		tls := job["scheme"] == "https"
		proxied, _ := job["proxy_from_environment"].(bool)
		if proxy, _ := job["proxy_url"].(string); proxy != "" || proxied && tls {
			continue
		}
		port, remedy := "80", "scrape it over TLS (scheme: https, proxy_from_environment: true), by a private address, or name the host in other_hosts if it is in your network"
		if tls {
			port, remedy = "443", "set proxy_from_environment: true in the job, scrape a private address, or name the host in other_hosts if it is in your network"
		}
		groups, _ := job["static_configs"].([]any)
		for _, group := range groups {
			group, _ := group.(map[string]any)
			targets, _ := group["targets"].([]any)
			for _, target := range targets {
				host := fmt.Sprint(target)
				at := port
				if h, p, err := net.SplitHostPort(host); err == nil {
					host, at = h, p
				}
				host = strings.Trim(host, "[]")
				found = append(found, past{
					component: component, key: fmt.Sprintf("config::scrape_configs (%v)::static_configs", job["job_name"]),
					remedy: fmt.Sprintf("%v: %s", target, remedy), host: host, port: at, scrape: true,
				})
			}
		}
	}
	return found
}

// plain is the other host that a URL without TLS names.
func plain(value string) (host, port string, ok bool) {
	if !strings.HasPrefix(value, "http://") {
		return "", "", false
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.EqualFold(u.Hostname(), "localhost") {
		return "", "", false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname(), cmp.Or(u.Port(), "80"), err != nil || !address.IsLoopback() && !address.IsLinkLocalUnicast()
}
