package guide

import "strings"

// Questions are all questions, in the order in which they are asked. Later ones depend on earlier answers.
func Questions() []Question {
	return append(append(collecting(), reaching()...), calling()...)
}

func fixed(s string) func(*Answers, Found) string { return func(*Answers, Found) string { return s } }

func withLogs(a *Answers) bool    { return a.Logs }
func withMetrics(a *Answers) bool { return a.Metrics }

func collecting() []Question {
	return []Question{
		{
			Flag: "collect", Usage: "what to collect: metrics, logs, or both with a comma", Text: "What is collected",
			Choices: []Choice{{"metrics", "CPU, memory, disks, network and processes of this host"}, {"logs", "log files"}}, Several: true,
			proposal: fixed("metrics,logs"),
			set: func(a *Answers, answer string) error {
				a.Metrics, a.Logs = strings.Contains(answer, "metrics"), strings.Contains(answer, "logs")
				return nil
			},
		},
		{
			Flag: "log-files", Usage: "log files and patterns, with commas between; name rotated files, too (app.log*)",
			Text:    "Log files and patterns, with commas between (none: no files)",
			applies: withLogs,
			proposal: func(_ *Answers, f Found) string {
				if len(f.LogFiles) > 0 {
					return strings.Join(f.LogFiles, ",")
				}
				return strings.Join(of(recipeLogs, f.OS), ",")
			},
			set: func(a *Answers, answer string) error { return patterns(&a.LogFiles, a.OS, answer) },
		},
		{
			Flag: "event-logs", Usage: "channels of the Windows event log, with commas between, or none",
			Text:    "Channels of the event log, with commas between (none: none)",
			applies: func(a *Answers) bool { return a.Logs && a.windows() }, proposal: fixed("System,Application"),
			set: func(a *Answers, answer string) error { return channels(&a.EventLogs, answer) },
		},
		{
			Flag: "namespace", Usage: "namespace of the metrics", Text: "Namespace of the metrics",
			applies: withMetrics, proposal: fixed("CWAgent"),
			set: func(a *Answers, answer string) error { return matching(&a.Namespace, namespace, answer) },
		},
		{
			Flag: "log-group", Usage: "log group of the lines", Text: "Log group of the lines",
			applies: withLogs, proposal: fixed("/otelcol-cloudwatch/host"),
			set: func(a *Answers, answer string) error { return matching(&a.LogGroup, logGroup, answer) },
		},
		{
			Flag: "metrics-log-group", Usage: "log group of the documents that carry the metrics",
			Text:    "Log group of the documents that carry the metrics",
			applies: withMetrics, proposal: fixed("/otelcol-cloudwatch/metrics"),
			set: func(a *Answers, answer string) error { return matching(&a.MetricsLogGroup, logGroup, answer) },
		},
		{
			Flag: "region", Usage: "AWS region that everything is sent to", Text: "AWS region",
			proposal: func(_ *Answers, f Found) string { return f.Region },
			set:      func(a *Answers, answer string) error { return matching(&a.Region, region, answer) },
		},
	}
}

// ways are the ways that may be chosen.
var ways = []Choice{
	{string(Internet), "public endpoints by the host's default route"},
	{string(VPCPrivateDNS), "inside a VPC whose interface endpoints have private DNS"},
	{string(PrivateVIF), "interface endpoints by their names: private VIF, VPN"},
	{string(PublicVIF), "public endpoints over a Direct Connect public VIF"},
	{string(HTTPProxy), "an HTTP proxy"},
	{string(Failover), "several of these: when one fails the next is taken"},
}

func reaching() []Question {
	with := func(w Way) func(*Answers) bool { return func(a *Answers) bool { return a.uses(w) } }
	endpoint := func(service, flag, usage, text string) Question {
		return Question{
			Flag: flag, Usage: usage, Text: text, applies: with(PrivateVIF),
			set: func(a *Answers, answer string) error { return endpoints(a, service, answer) },
		}
	}
	return []Question{
		{
			Flag: "route", Usage: "way to AWS: " + names(ways), Text: "How AWS is reached", Choices: ways,
			proposal: func(_ *Answers, f Found) string {
				if f.Proxy != "" {
					return string(HTTPProxy)
				}
				return string(Internet)
			},
			set: func(a *Answers, answer string) error { a.Way = Way(answer); return nil },
		},
		{
			Flag: "ways", Usage: "with failover: the ways in their order, with commas between; private ones come first in any case",
			Text: "Which ways, in their order", Choices: ways[:len(ways)-1], Several: true,
			applies: func(a *Answers) bool { return a.Way == Failover }, proposal: fixed(string(PrivateVIF) + "," + string(Internet)),
			set: func(a *Answers, answer string) error {
				a.Ways = nil
				for _, w := range list(answer) {
					a.Ways = append(a.Ways, Way(w))
				}
				return nil
			},
		},
		endpoint("logs", "endpoint-logs", "interface endpoint of CloudWatch Logs: names or addresses, with commas between",
			"Interface endpoint of CloudWatch Logs (vpce-….vpce.amazonaws.com)"),
		endpoint("sts", "endpoint-sts", "interface endpoint of STS, where roles are assumed", "Interface endpoint of STS, if roles are assumed"),
		endpoint("ssm", "endpoint-ssm", "interface endpoint of SSM, where the configuration is kept there",
			"Interface endpoint of SSM, if the configuration is kept there"),
		{
			Flag: "source", Usage: "with public-vif: interface or address that connections leave from",
			Text: "Interface or address of the public VIF", applies: with(PublicVIF),
			set: func(a *Answers, answer string) error { return matching(&a.Source, source, answer) },
		},
		{
			Flag: "allowed-cidrs", Usage: "with public-vif: ranges that are advertised over it, with commas between",
			Text: "Ranges that are advertised over it, with commas between (none: all)", applies: with(PublicVIF), proposal: fixed("none"),
			set: func(a *Answers, answer string) error { return ranges(&a.AllowedCIDRs, answer) },
		},
		{
			Flag: "proxy-url", Usage: "with http-proxy: http://host:port; PROXY_USERNAME and PROXY_PASSWORD say who this host is there",
			Text: "Address of the proxy", applies: with(HTTPProxy), proposal: func(_ *Answers, f Found) string { return f.Proxy },
			set: func(a *Answers, answer string) error { return proxyURL(&a.ProxyURL, answer) },
		},
	}
}

func names(choices []Choice) string { return (&Question{Choices: choices}).names() }

// Start are the answers before the first question.
func Start(f Found) Answers { return Answers{OS: f.OS, Endpoints: map[string][]string{}} }
