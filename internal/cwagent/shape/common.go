package shape

import (
	"maps"
	"regexp"
)

var (
	name         = text{min: 1, max: 255}
	path         = text{min: 1, max: 4096}
	short        = text{min: 1, max: 1024}
	interval     = number{min: 1, max: 172800} // seconds
	orNone       = number{min: 0, max: 172800} // seconds, 0 for never
	endpoint     = text{min: 4, max: 2048}
	dimensions   = object{others: short, max: 30}
	credentials  = object{keys: map[string]shape{"role_arn": text{min: 20, max: 2048, orMatches: regexp.MustCompile(`^\$\{.+\}$`)}}}
	words        = list{item: text{min: 1, max: 255}}
	droppedNames = list{item: text{}, min: 1, unique: true}
	environment  = text{min: 1, max: 259}

	tls = object{keys: map[string]shape{"ca_file": name, "cert_file": name, "key_file": name, "insecure": truth{}}, others: anything{}}

	otlp = listOr{list{min: 1, max: 255, item: object{keys: map[string]shape{
		"grpc_endpoint": endpoint, "http_endpoint": endpoint, "tls": tls, "service.name": name, "deployment.environment": environment,
	}}}}
)

// with is an object's keys and more.
func with(keys map[string]shape, more map[string]shape) map[string]shape {
	all := maps.Clone(keys)
	maps.Copy(all, more)
	return all
}

var document = object{others: anything{}, keys: map[string]shape{
	"agent": agent, "metrics": metrics, "logs": logs, "traces": traces, "opentelemetry": openTelemetry,
}}

var agent = object{others: anything{}, keys: map[string]shape{
	"metrics_collection_interval": interval,
	"logfile":                     text{max: 4096},
	"region":                      text{min: 1, max: 64},
	"debug":                       truth{},
	"aws_sdk_log_level":           text{},
	"credentials":                 credentials,
	"omit_hostname":               truth{},
	"service.name":                name,
	"deployment.environment":      environment,
}}
