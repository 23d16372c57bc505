package surroundings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

const (
	commonPath      = "common-config.toml#"
	environmentPath = "env-config.json#/"
	routing         = "endpoint_routing"
)

// Convert writes the access layer where the agent's files name credentials or a proxy, and returns variables, NAME=value,
// that the collector needs in its environment.
func Convert(c *section.Context, common CommonConfig, env Environment) []string {
	variables := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		variable(c, name, env[name], variables)
	}
	l := c.Layer(section.Access)
	to := section.Access + ": extensions::" + routing
	if credentials := common.Credentials; credentials.Profile != "" || credentials.File != "" {
		l.Set("profile", "extensions", routing, "credentials", "source")
		l.Set(layer.Expand(cmp.Or(credentials.Profile, "default")), "extensions", routing, "credentials", "profile")
		if credentials.File != "" {
			l.Set([]string{layer.Expand(credentials.File)}, "extensions", routing, "credentials", "shared_credentials_file")
		}
		if c.Root.Get("traces").There() || c.Root.Get("opentelemetry").There() { // their exporters ask the environment
			variables["AWS_PROFILE"] = cmp.Or(credentials.Profile, "default")
			if credentials.File != "" {
				variables["AWS_SHARED_CREDENTIALS_FILE"] = credentials.File
			}
		}
		c.Report.Different(commonPath+"/credentials", to+"::credentials", "the file is read again when it changes, and not every ten minutes",
			"the collector's user has to be able to read it")
	}
	proxy, where := cmp.Or(common.Proxy.HTTPS, common.Proxy.HTTP), commonPath+"/proxy"
	no := common.Proxy.No
	if proxy == "" {
		if proxy = cmp.Or(env["HTTPS_PROXY"], env["HTTP_PROXY"]); proxy != "" {
			where, no = environmentPath+"HTTPS_PROXY", env["NO_PROXY"]
		}
	}
	if proxy != "" {
		route := map[string]any{"url": layer.Expand(proxy)}
		if no != "" {
			route["no_proxy"] = layer.Expand(no)
		}
		routes := []any{map[string]any{"name": "proxy", "http_proxy": route}}
		if no != "" {
			routes = append(routes, map[string]any{"name": "internet", "public": map[string]any{}})
		}
		l.Set(routes, "extensions", routing, "routes")
		// For exporters of upstream's, which take the proxy of the process.
		l.Set("127.0.0.1:4443", "extensions", routing, "listen")
		l.Set(true, "extensions", routing, "process_proxy")
		c.Report.Different(where, to+"::routes", "it counts for calls to AWS alone; names in no_proxy take the next route, directly", "")
	} else if !l.Empty() {
		l.Set([]any{map[string]any{"name": "internet", "public": map[string]any{}}}, "extensions", routing, "routes")
	}
	if !l.Empty() {
		l.Set(c.Region(), "extensions", routing, "region")
		l.Set("any", "extensions", routing, "policy")
		l.Add(routing, "service", "extensions")
	}
	if bundle := common.SSL.CABundle; bundle != "" {
		variables["AWS_CA_BUNDLE"] = bundle
		c.Report.Converted(commonPath+"/ssl/ca_bundle_path", "the environment: AWS_CA_BUNDLE")
	}
	if common.IMDS.Retries != nil {
		c.Report.Different(commonPath+"/imds/imds_retries", "", "the metadata service is asked three times by the AWS SDK", "")
	}
	for _, key := range common.Unknown {
		c.Report.Different(commonPath+key, "", "the agent has no such key, and neither has this program", "")
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		list = append(list, name+"="+variables[name])
	}
	return list
}

// variable takes over one of the agent's variables.
func variable(c *section.Context, name, value string, variables map[string]string) {
	path := environmentPath + name
	switch {
	case slices.Contains([]string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}, name):
		c.Report.Converted(path, section.Access+": extensions::"+routing+"::routes")
	case name == "CWAGENT_LOG_LEVEL":
		if strings.EqualFold(value, "DEBUG") {
			debug(c, path)
			return
		}
		c.Report.Different(path, "", "the collector's own log has the level info", "OTELCOL_CLOUDWATCH_LOG_LEVEL sets another one")
	case strings.HasPrefix(name, "CWAGENT_"), name == "AWS_SDK_LOG_LEVEL":
		c.Report.Different(path, "", "is about the agent itself; no telemetry depends on it", "")
	default:
		variables[name] = value
		c.Report.Converted(path, "the environment: "+name)
	}
}

// debug makes the collector's own log talk.
func debug(c *section.Context, path string) {
	c.Layer(section.Base).Set("debug", "service", "telemetry", "logs", "level")
	c.Report.Converted(path, section.Base+": service::telemetry::logs::level")
}

// ConvertAgent converts the section agent. What other sections use of it (region, role, interval, host name) is in their
// layers.
func ConvertAgent(c *section.Context) {
	agent := c.Root.Get("agent")
	for _, key := range agent.Keys() {
		n := agent.Get(key)
		if c.Report.Covers(n.Path()) {
			continue
		}
		switch key {
		case "region":
			c.Report.Converted(n.Path(), "region of every exporter")
		case "credentials":
			c.Report.Converted(n.Path(), "role_arn of every exporter whose section names no other role")
		case "metrics_collection_interval":
			c.Report.Converted(n.Path(), "collection_interval of every receiver that has none of its own")
		case "omit_hostname":
			c.Report.Converted(n.Path(), section.Metrics+": processors::"+section.MetricsDimensions)
		case "debug":
			if n.Bool() {
				debug(c, n.Path())
			} else {
				c.Report.Converted(n.Path(), section.Base+": service::telemetry::logs::level")
			}
		case "logfile":
			c.Report.Different(n.Path(), "", "the collector's own log goes to the standard error, which systemd's journal or Windows' event log keeps",
				"a log group that got the agent's log gets nothing from there any more")
		case "run_as_user":
			c.Report.Different(n.Path(), "", fmt.Sprintf("the packages run the service as otelcol-cloudwatch, and not as %q", n.Text()),
				"systemctl edit otelcol-cloudwatch, for another User=")
		case "service.name", "deployment.environment":
			c.Report.Different(n.Path(), "", "is the entity of log events where their entry names none; metrics have no entity", "")
		case "aws_sdk_log_level", "user_agent", "internal", "quiet", "usage_metadata", "usage_data":
			c.Report.Different(n.Path(), "", "is about the agent itself; no telemetry depends on it", "")
		}
	}
}
