package endpointrouting

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// scraper is the receiver whose clients do not look at HTTPS_PROXY unless each is told to.
const scraper = "prometheus"

// discoveries are the parts of a job that call AWS (Prometheus 3, configuration of aws_sd_config and its kinds).
var discoveries = []string{"aws_sd_configs", "ec2_sd_configs", "ecs_sd_configs", "elasticache_sd_configs", "lightsail_sd_configs", "msk_sd_configs", "rds_sd_configs"}

// past is something that a component calls without looking at HTTPS_PROXY.
type past struct {
	component, key, remedy string
	aws                    bool // it is for AWS
}

// pastOf finds what the components that a service uses call past the listener: discovery of the receiver prometheus, and
// URLs without TLS.
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
			case part == "exporters" && kind != "otlp" && kind != "otlp_grpc": // whose gRPC takes HTTPS_PROXY without TLS, too
				walk("", section, func(key, value string) {
					if key = strings.TrimPrefix(key, "::"); isPlain(value) {
						found = append(found, past{component: component, key: key, remedy: fmt.Sprintf("%q has no TLS, and HTTPS_PROXY does not concern it: use https", value)})
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

// isPlain says whether a value is the URL of another host, without TLS.
func isPlain(value string) bool {
	if !strings.HasPrefix(value, "http://") {
		return false
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.EqualFold(u.Hostname(), "localhost") {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return err != nil || !address.IsLoopback() && !address.IsLinkLocalUnicast()
}
