package awspolicy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// section is a component's configuration.
type section map[string]any

// component says what one of a type needs of AWS. nil: it calls nothing of AWS.
type component func(c *collection, id string, s section)

// components are all types that the collector has, as a test asserts, by the part of the configuration
// that they stand in, and without underscores: upstream has written many with and without.
var components = map[string]map[string]component{
	"receivers": {
		"awscontainerinsightreceiver": needs("container_insights"),
		"awsxray":                     sampling,
		"prometheus":                  prometheus,

		"awsecscontainermetrics": nil, // the task's metadata, which knows no permissions
		"collectd":               nil, "filelog": nil, "filetail": nil, "hostmetrics": nil, "journald": nil, "k8scluster": nil, "k8sobjects": nil,
		"kubeletstats": nil, "nop": nil, "otlp": nil, "statsd": nil, "tcplog": nil, "udplog": nil, "windowseventlog": nil, "windowsperfcounters": nil,
	},
	"processors": {
		"resourcedetection": detection,

		"attributes": nil, "batch": nil, "cumulativetodelta": nil, "deltatorate": nil, "filter": nil, "groupbyattrs": nil, "interval": nil,
		"k8sattributes": nil, "logdedup": nil, "memorylimiter": nil, "metricsgeneration": nil, "experimentalmetricsgeneration": nil,
		"metricstransform": nil, "probabilisticsampler": nil, "redaction": nil, "resource": nil, "span": nil, "tailsampling": nil, "transform": nil,
	},
	"exporters": {
		"cloudwatchlogs":        ownLogs("logs"),
		"cloudwatchemf":         ownLogs("metrics"),
		"awscloudwatchlogs":     upstreamLogs("logs"),
		"awsemf":                upstreamLogs("metrics"),
		"awsxray":               traces,
		"otlp":                  signed,
		"otlpgrpc":              signed,
		"otlphttp":              signed,
		"prometheusremotewrite": signed,

		"debug": nil, "file": nil, "nop": nil,
	},
	"extensions": {
		"awsproxy":    sampling, // stands for X-Ray unless service_name says otherwise
		"ecsobserver": needs("ecs_discovery"),

		"bearertokenauth": nil, "configstatus": nil, "filestorage": nil, "healthcheckv2": nil, "pprof": nil, "statestorage": nil, "zpages": nil,
		"endpointrouting": nil, // whose credentials others use: configuration.go
		"sigv4auth":       nil, // needed by who signs with it
	},
	"connectors": {"forward": nil},
}

// lookUp finds a component's type; known is whether there is one.
func lookUp(part, id string) (needs component, known bool) {
	kind, _, _ := strings.Cut(id, "/")
	needs, known = components[part][strings.ReplaceAll(strings.TrimSpace(kind), "_", "")]
	return needs, known
}

// Known tells whether it is known what a component of a part, such as exporters, needs.
func Known(part, id string) bool {
	_, known := lookUp(part, id)
	return known
}

// needs is a component that needs a feature as it is.
func needs(feature string) component {
	return func(c *collection, id string, s section) { c.need(feature, c.outside(s.text("role_arn")), id, nil) }
}

// ownLogs is one of our exporters.
func ownLogs(write string) component {
	return func(c *collection, id string, s section) {
		if s.text("output_destination") == "stdout" {
			return
		}
		principal := c.chain(c.routed, s.text("role_arn"))
		if own := s.in("credentials"); len(own) > 0 {
			principal = c.chain(c.chain("", roles(own)...), s.text("role_arn"))
		}
		for i, group := range groupsOf(s) {
			stream := pattern(names.Stream, s.text("log_stream_name"))
			if i > 0 || len(s.list("allowed_streams")) > 0 {
				stream = "*" // a document's own, or several patterns
			}
			values := c.inRegion(s, Values{"LOG_GROUP": group, "LOG_STREAM": stream})
			c.need(write, principal, id, values)
			if !s.off("create") {
				c.groups(principal, id, s, values)
			}
			c.existing(principal, id, s, values)
		}
	}
}

// groupsOf are patterns of the groups that an exporter of ours writes to: the first is of its template.
func groupsOf(s section) []string {
	template := s.text("log_group_name")
	if template == "" {
		return []string{"/metrics/*"} // NAMESPACE, of cloudwatch_emf alone: the other has to have a name
	}
	own, allowed := pattern(names.Group, template), s.list("allowed_groups")
	groups := []string{own}
	if strings.Contains(own, "*") && len(allowed) > 0 {
		groups = allowed
	}
	return append(groups, s.in("redirect").list("groups")...)
}

// upstreamLogs is one of upstream's exporters to CloudWatch Logs.
func upstreamLogs(write string) component {
	return func(c *collection, id string, s section) {
		group := s.text("log_group_name")
		if group == "" {
			group = "/metrics/*"
		}
		principal := c.outside(s.text("role_arn"))
		values := c.inRegion(s, Values{"LOG_GROUP": braced(group), "LOG_STREAM": braced(s.text("log_stream_name"))})
		if s.text("output_destination") != "stdout" {
			c.need(write, principal, id, values)
			c.groups(principal, id, s, values)
		}
	}
}

// groups is what making groups needs.
func (c *collection) groups(principal, id string, s section, values Values) {
	c.need("log_creation", principal, id, values)
	if r := s.text("log_retention"); r != "" && r != "0" {
		c.need("log_retention", principal, id, values)
	}
	if len(s.in("tags")) > 0 {
		c.need("log_tags", principal, id, values)
	}
	if key := s.text("kms_key_id"); key != "" {
		c.notes = append(c.notes, fmt.Sprintf("%s: the key's own policy has to let CloudWatch Logs use it: policy --feature key_logs", id))
	}
}

// existing is what looking at groups that exist needs, and changing them.
func (c *collection) existing(principal, id string, s section, values Values) {
	retention := s.text("log_retention") != "" && s.text("log_retention") != "0"
	how := s.text("existing_log_retention")
	changes := retention && how != "" && how != "keep"
	if (retention || s.text("log_group_class") != "") && (changes || !s.off("create")) {
		c.need("log_look", principal, id, values)
	}
	if changes && s.off("create") {
		c.need("log_retention", principal, id, values)
	}
}

func traces(c *collection, id string, s section) {
	principal := c.outside(s.text("role_arn"))
	c.need("traces", principal, id, nil)
	if s.in("telemetry").on("enabled") {
		c.need("trace_telemetry", principal, id, nil)
	}
}

func sampling(c *collection, id string, s section) {
	if proxy := s.in("proxy_server"); len(proxy) > 0 {
		s = proxy
	}
	if name := s.text("service_name"); name != "" && name != "xray" {
		c.notes = append(c.notes, fmt.Sprintf("%s passes on calls to %s: what those need has to be added", id, name))
		return
	}
	c.need("trace_sampling", c.outside(s.text("role_arn")), id, nil)
}

// detection is resource_detection: two of its detectors call EC2.
func detection(c *collection, id string, s section) {
	detectors := s.list("detectors")
	ec2 := s.in("ec2")
	if slices.Contains(detectors, "ec2") && len(ec2.list("tags")) > 0 && !ec2.on("tags_from_imds") {
		c.need("ec2_tags", c.outside(""), id, nil)
	}
	if slices.Contains(detectors, "eks") && s.in("eks").in("resource_attributes").in("k8s.cluster.name").on("enabled") {
		c.need("eks_cluster", c.outside(""), id, nil)
	}
}

// discovery are prometheus' ways to find targets in AWS; empty where it is not known here what one needs.
var discovery = map[string]string{
	"ec2_sd_configs": "ec2_discovery",
	"aws_sd_configs": "", "ecs_sd_configs": "", "elasticache_sd_configs": "", "lightsail_sd_configs": "", "msk_sd_configs": "", "rds_sd_configs": "",
}

func prometheus(c *collection, id string, s section) {
	for _, scrape := range s.in("config").sections("scrape_configs") {
		for _, key := range slices.Sorted(maps.Keys(discovery)) {
			for _, sd := range scrape.sections(key) {
				if discovery[key] != "" {
					c.need(discovery[key], c.outside(sd.text("role_arn")), id, nil)
				} else {
					c.notes = append(c.notes, fmt.Sprintf("%s: what %s needs is not known here, and has to be added", id, key))
				}
			}
		}
	}
}

// signed is an exporter that may sign its requests with an extension sigv4auth.
func signed(c *collection, id string, s section) {
	name := s.in("auth").text("authenticator")
	if kind, _, _ := strings.Cut(name, "/"); kind != "sigv4auth" {
		return
	}
	auth := c.in("extensions").in(name)
	role := auth.in("assume_role").text("arn")
	if auth.in("assume_role").text("web_identity_token_file") != "" {
		role = "" // the token's bearer is the role: nobody takes it on top
	}
	principal := c.outside(role)
	service := auth.text("service")
	endpoints := s.text("endpoint") + s.text("logs_endpoint") + s.text("metrics_endpoint") + s.text("traces_endpoint")
	values := c.inRegion(auth, nil)
	headers := s.in("headers")
	switch {
	case service == "logs" || service == "" && strings.Contains(endpoints, "//logs."):
		for _, place := range []struct{ name, header string }{{"LOG_GROUP", "x-aws-log-group"}, {"LOG_STREAM", "x-aws-log-stream"}} {
			if v := headers.text(place.header); v != "" {
				values[place.name] = braced(v)
			}
		}
		c.need("logs", principal, id, values)
	case service == "monitoring" || service == "" && strings.Contains(endpoints, "//monitoring."):
		c.need("otlp_metrics", principal, id, values)
	case service == "xray" || service == "" && strings.Contains(endpoints, "//xray."):
		c.need("traces", principal, id, values)
	case service == "aps" || service == "" && strings.Contains(endpoints, "//aps-workspaces."):
		if m := workspace.FindStringSubmatch(endpoints); m != nil {
			values["WORKSPACE"] = m[1]
		}
		c.need("remote_write", principal, id, values)
	default:
		c.notes = append(c.notes, fmt.Sprintf("%s signs for the service %q by %s: what that needs has to be added", id, service, name))
	}
}

var (
	workspace = regexp.MustCompile(`/workspaces/([A-Za-z0-9-]+)`)
	braces    = regexp.MustCompile(`\{[^{}]*\}`)
	stars     = regexp.MustCompile(`\*+`)
)

// pattern is what the names of a template match. One that cannot be read is left to validate, and matches all.
func pattern(kind names.Kind, template string) string {
	t, err := names.Parse(kind, "", template, nil)
	if err != nil {
		return braced(template)
	}
	return t.Pattern()
}

// braced is a pattern of a template of upstream's: braces stand for anything.
func braced(template string) string {
	if template == "" {
		return "*"
	}
	return stars.ReplaceAllString(braces.ReplaceAllString(template, "*"), "*")
}

// text is a scalar of the section, as text; empty where there is none.
func (s section) text(key string) string {
	switch v := s[key].(type) {
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func (s section) on(key string) bool  { return s.text(key) == "true" }
func (s section) off(key string) bool { return s.text(key) == "false" }

// in is a section of the section; nil where there is none.
func (s section) in(key string) section {
	m, _ := s[key].(map[string]any)
	return m
}

// list are the scalars of a list, or of a text such as "a, b", which a placeholder may have become.
func (s section) list(key string) []string {
	var texts []string
	switch v := s[key].(type) {
	case []any:
		for _, item := range v {
			texts = append(texts, fmt.Sprint(item))
		}
	case string:
		for _, item := range strings.Split(strings.Trim(v, "[] "), ",") {
			if item = strings.TrimSpace(item); item != "" {
				texts = append(texts, item)
			}
		}
	}
	return texts
}

// sections are the maps of a list.
func (s section) sections(key string) []section {
	var all []section
	items, _ := s[key].([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}
