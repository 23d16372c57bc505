package trust

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

var nop = zap.NewNop()

func TestRulesCanBeRead(t *testing.T) {
	all, err := parseRules(rulesText)
	require.NoError(t, err)
	assert.Greater(t, len(all), 60)
}

const host = `
receivers:
  file_tail: {include: [/var/log/*.log], exclude: ["/var/log/private.log"], storage: file_storage}
  file_tail/own: {include: [/srv/own/*.log], exclude: [/srv/own/secret.log], exclude_names: ["*.key"], filters: [{type: exclude, expression: password}]}
  file_log/own: {include: [/var/log/x], operators: [{type: regex_replace, field: body, regex: "[0-9]{16}", replace_with: x}]}
connectors: {forward: {}}
processors:
  memory_limiter: {limit_mib: 512}
  redaction: {blocked_values: ["[0-9]{16}"]}
exporters:
  cloudwatch_logs: {region: eu-central-1, credentials: {source: profile, profile: cw}}
  cloudwatch_logs/own: {allowed_groups: [/own/*], redirect: {groups: [/own/*], except: [/own/audit]}, embedded_metrics: ignore}
  otlp: {endpoint: "collector.example:4317"}
  otlp_http/aws: {logs_endpoint: "https://logs.eu-central-1.amazonaws.com/v1/logs", auth: {authenticator: bearertokenauth/aws}}
extensions:
  file_storage: {directory: /var/lib/otelcol-cloudwatch}
  endpoint_routing: {policy: private_only, region: eu-central-1}
  bearertokenauth/aws: {filename: /etc/token}
service:
  extensions: [file_storage, endpoint_routing]
  pipelines:
    logs: {receivers: [file_tail], processors: [memory_limiter, redaction], exporters: [cloudwatch_logs]}
    logs/in: {receivers: [file_log/own], exporters: [forward]}
    logs/out: {receivers: [forward], processors: [redaction], exporters: [cloudwatch_logs]}
`

// What reaches into the host, each with the capability that it needs.
func TestFetchedLayerMayNotReachIntoTheHost(t *testing.T) {
	t.Setenv("APP_SECRET", "s3cr3t")
	t.Setenv("OTELCOL_CLOUDWATCH_SECRET_ACCESS_KEY", "key")
	for name, c := range map[string]struct{ remote, need string }{
		"program of credentials":                   {`exporters: {cloudwatch_logs: {credentials: {source: process, process: "id > /tmp/x"}}}`, "programs credentials"},
		"program alone":                            {`exporters: {cloudwatch_logs: {credentials: {process: id}}}`, "programs"},
		"program in another spelling":              {`exporters: {"cloudwatch_logs / x": {credentials::process: id}}`, "programs"},
		"program by a merge key":                   {"x: &a {process: id}\nexporters: {cloudwatch_emf: {credentials: {<<: *a}}}", "programs components"},
		"program by an anchor":                     {"exporters: {cloudwatch_emf: {tags: &a {process: id}, credentials: *a}}", "programs"},
		"program by a placeholder":                 {`exporters: {cloudwatch_emf: {credentials: "${yaml:process: id}"}}`, "programs"},
		"program by nested yaml":                   {`exporters: "${yaml:cloudwatch_emf::credentials::process: id}"`, "programs"},
		"program in another parameter":             {`exporters: {cloudwatch_emf: {credentials: "${ssm:/x}"}}`, "programs"},
		"program of the route table":               {`extensions: {endpoint_routing/x: {credentials: {process: id}}}`, "programs routes"},
		"journalctl":                               {`receivers: {journald: {journalctl_path: /tmp/x}}`, "programs"},
		"root of the journal":                      {`receivers: {journald: {root_path: /}}`, "read"},
		"a password file":                          {`receivers: {file_tail/x: {include: [/etc/shadow]}}`, "read"},
		"include of a local receiver":              {`receivers: {file_tail: {include: [/etc/shadow]}}`, "read"},
		"up and away":                              {`receivers: {file_log: {include: ["/var/log/../../etc/shadow"]}}`, "read"},
		"up in braces":                             {`receivers: {filelog: {include: ["/var/log/{a,..}/{b,..}/etc/shadow"]}}`, "read"},
		"up made of braces":                        {`receivers: {filelog: {include: ["/var/log/{.,x}{.,y}/etc/shadow"]}}`, "read"},
		"up by an escape":                          {`receivers: {filelog: {include: ['/var/log/\.\./etc/shadow']}}`, "read"},
		"alternatives":                             {`receivers: {file_tail: {include: ["{/var/log/a,/etc/shadow}"]}}`, "read"},
		"text for a list":                          {`receivers: {file_tail: {include: "/var/log/a,/etc/shadow"}}`, "read"},
		"relative":                                 {`receivers: {file_tail: {include: ["*"]}}`, "read"},
		"process's own environment":                {`receivers: {file_tail: {include: [/proc/self/environ]}}`, "read"},
		"section by a placeholder":                 {`receivers: "${yaml:file_tail/x::include: [/etc/shadow]}"`, "read"},
		"default of a variable":                    {`receivers: {file_tail: {include: "${env:OTELCOL_CLOUDWATCH_NOT_SET:-[/etc/shadow]}"}}`, "read"},
		"what a local receiver omits":              {`receivers: {file_tail/own: {exclude: []}}`, "read"},
		"the same with null":                       {`receivers: {file_tail/own: {exclude: null}}`, "override"},
		"files deleted":                            {`receivers: {file_tail: {delete_after_read: true}}`, "write"},
		"files deleted, by a text":                 {`receivers: {file_tail: {auto_removal: "true"}}`, "write"},
		"operator that writes":                     {`receivers: {file_log: {include: [/var/log/a], operators: [{type: file_output, path: /etc/cron.d/x}]}}`, "write"},
		"operator in a header":                     {`receivers: {file_log: {header: {pattern: x, metadata_operators: [{type: file_output}]}}}`, "write"},
		"variable in an expression":                {`receivers: {file_log: {operators: [{type: add, field: body, value: 'EXPR(env("APP_SECRET"))'}]}}`, "environment"},
		"variable through $env":                    {`receivers: {file_log: {attributes: {x: 'EXPR($env["os_env_func"]("APP_SECRET"))'}}}`, "environment"},
		"variable through a pipe":                  {`receivers: {udp_log: {listen_address: "127.0.0.1:1", resource: {x: 'EXPR("APP_SECRET" | env ())'}}}`, "environment"},
		"variable in a name":                       {`exporters: {cloudwatch_logs: {log_group_name: "${env:APP_SECRET}"}}`, "environment"},
		"variable without scheme":                  {`exporters: {cloudwatch_logs: {log_group_name: "${APP_SECRET}"}}`, "environment"},
		"our own secret":                           {`exporters: {cloudwatch_logs: {log_group_name: "${env:OTELCOL_CLOUDWATCH_SECRET_ACCESS_KEY}"}}`, "environment"},
		"variable named by another":                {`exporters: {cloudwatch_logs: {log_group_name: "${env:${ssm:/name}}"}}`, "environment"},
		"variable of a node":                       {`processors: {k8s_attributes: {filter: {node_from_env_var: APP_SECRET}}}`, "environment"},
		"file as a value":                          {`exporters: {cloudwatch_logs: {log_group_name: "${file:/etc/shadow}"}}`, "read"},
		"file in a part of a text":                 {`exporters: {cloudwatch_logs: {log_group_name: "a/${file:/etc/shadow}"}}`, "read"},
		"metadata service":                         {`exporters: {cloudwatch_logs: {log_group_name: "${http://169.254.169.254/latest}"}}`, "send"},
		"another role for a value":                 {`exporters: {cloudwatch_logs: {log_group_name: "${ssm:/x?role_arn=arn:aws:iam::1:role/x}"}}`, "credentials"},
		"TLS files":                                {`exporters: {otlp: {tls: {key_file: /etc/ssl/private/x}}}`, "read"},
		"token file":                               {`extensions: {bearertokenauth: {filename: /var/run/secrets/token}}`, "read"},
		"file exporter":                            {`exporters: {file: {path: /etc/cron.d/x}}`, "write"},
		"storage elsewhere":                        {`extensions: {file_storage: {directory: /etc/cron.d}}`, "write"},
		"storage beside":                           {`extensions: {file_storage: {directory: /var/lib/otelcol-cloudwatch-x}}`, "write"},
		"log of the collector":                     {`service: {telemetry: {logs: {output_paths: [/etc/cron.d/x]}}}`, "write"},
		"debug exporter's files":                   {`exporters: {debug: {use_internal_logger: false, output_paths: [/etc/cron.d/x]}}`, "write"},
		"profile":                                  {`extensions: {pprof: {save_to_file: /etc/cron.d/x}}`, "write"},
		"observer":                                 {`extensions: {ecs_observer: {result_file: /etc/cron.d/x}}`, "write"},
		"write-ahead log":                          {`exporters: {prometheusremotewrite: {wal: {directory: /etc/cron.d}}}`, "write"},
		"listener on all addresses":                {`receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}`, "listen"},
		"listener without a host":                  {`receivers: {statsd: {endpoint: ":8125"}}`, "listen"},
		"listener by name":                         {`receivers: {udp_log: {listen_address: "localhost.evil.example:1"}}`, "listen"},
		"socket":                                   {`receivers: {otlp: {protocols: {grpc: {endpoint: /run/x.sock, transport: unix}}}}`, "listen"},
		"own metrics":                              {`service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 1}}}}]}}}`, "listen"},
		"health shows configuration":               {`extensions: {healthcheckv2: {http: {endpoint: "127.0.0.1:1", config: {enabled: true}}}}`, "listen"},
		"exporter to anywhere":                     {`exporters: {otlp/x: {endpoint: "evil.example:4317"}}`, "send"},
		"endpoint of a local one":                  {`exporters: {otlp: {endpoint: "evil.example:4317"}}`, "send"},
		"AWS's name in userinfo":                   {`exporters: {cloudwatch_logs: {endpoint: "https://logs.eu-central-1.amazonaws.com@evil.example"}}`, "send"},
		"AWS's name without TLS":                   {`exporters: {cloudwatch_logs: {endpoint: "http://logs.eu-central-1.amazonaws.com"}}`, "send"},
		"load balancer of anybody":                 {`exporters: {otlp_http: {endpoint: "https://x.eu-central-1.elb.amazonaws.com"}}`, "send"},
		"service of anybody":                       {`exporters: {otlp_http: {endpoint: "https://vpce-1.vpce-svc-2.eu-central-1.vpce.amazonaws.com"}}`, "send"},
		"bucket of anybody":                        {`exporters: {otlp_http: {endpoint: "https://logs.s3.eu-central-1.amazonaws.com"}}`, "send"},
		"resolver of gRPC":                         {`exporters: {otlp: {endpoint: "dns://evil.example/logs.eu-central-1.amazonaws.com"}}`, "send"},
		"local service":                            {`exporters: {otlp: {endpoint: "127.0.0.1:9"}}`, "send"},
		"proxy":                                    {`exporters: {otlp_http: {proxy_url: "http://evil.example:3128"}}`, "send"},
		"no check of certificates":                 {`exporters: {otlp: {tls: {insecure_skip_verify: true}}}`, "send"},
		"certificates of its own":                  {`exporters: {otlp: {tls: {ca_pem: x}}}`, "send"},
		"own metrics to anywhere":                  {`service: {telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {protocol: grpc, endpoint: "https://evil.example"}}}}]}}}`, "send"},
		"own logs to anywhere":                     {`service: {telemetry: {logs: {processors: [{batch: {exporter: {otlp: {protocol: http/protobuf, endpoint: "https://evil.example"}}}}]}}}`, "send"},
		"remote write":                             {`exporters: {prometheusremotewrite: {endpoint: "https://evil.example/write"}}`, "send"},
		"scrape of elsewhere":                      {`receivers: {prometheus: {config: {scrape_configs: [{job_name: a, static_configs: [{targets: ["169.254.169.254:80"]}]}]}}}`, "send"},
		"scrape by a label":                        {`receivers: {prometheus: {config: {scrape_configs: [{job_name: a, relabel_configs: [{target_label: __address__, replacement: evil}]}]}}}`, "send"},
		"scrape by a label with a name of its own": {`receivers: {prometheus: {config: {scrape_configs: [{job_name: __address__, relabel_configs: [{source_labels: [job], target_label: "$${1}", replacement: evil}]}]}}}`, "send"},
		"log of scrapes":                           {`receivers: {prometheus: {config: {scrape_configs: [{job_name: a, scrape_failure_log_file: /etc/cron.d/x}]}}}`, "write"},
		"observer without a file":                  {"extensions:\n  ecs_observer:\n", "write"},
		"storage over the last known good":         {`extensions: {file_storage: {directory: /var/lib/otelcol-cloudwatch/config}}`, "write"},
		"scrape with a file's token":               {`receivers: {prometheus: {config: {scrape_configs: [{job_name: a, authorization: {credentials_file: /x}}]}}}`, "read"},
		"kubelet elsewhere":                        {`receivers: {kubeletstats: {auth_type: serviceAccount, endpoint: "evil.example:10250"}}`, "send"},
		"detector that asks":                       {`processors: {resource_detection: {detectors: [consul]}}`, "send"},
		"role":                                     {`exporters: {cloudwatch_logs: {credentials: {assume_role: [{role_arn: "arn:aws:iam::1:role/x"}]}}}`, "credentials"},
		"keys of another account":                  {`exporters: {cloudwatch_logs: {credentials: {static: {access_key_id: A, secret_access_key: B}}}}`, "credentials"},
		"role of an upstream exporter":             {`exporters: {awsemf: {role_arn: "arn:aws:iam::1:role/x"}}`, "credentials"},
		"role of sigv4":                            {`extensions: {sigv4auth: {assume_role: {arn: "arn:aws:iam::1:role/x"}}}`, "credentials"},
		"credentials for others":                   {`extensions: {awsproxy: {}}`, "credentials"},
		"the same with nothing":                    {"extensions:\n  awsproxy:\n", "credentials"},
		"local credentials removed":                {`exporters: {cloudwatch_logs: {credentials: null}}`, "override"},
		"policy of the routes":                     {`extensions: {endpoint_routing: {policy: any}}`, "routes"},
		"policy of the routes removed":             {`extensions: {endpoint_routing: {policy: null}}`, "routes"},
		"proxy of the routes":                      {`extensions: {endpoint_routing/x: {routes: [{name: a, http_proxy: {url: "http://evil.example:3128"}}]}}`, "send routes"},
		"credentials on loopback":                  {`extensions: {endpoint_routing/x: {credentials_endpoint: {endpoint: "127.0.0.1:1"}}}`, "credentials routes"},
		"CONNECT for everybody":                    {`extensions: {endpoint_routing/x: {listen: "0.0.0.0:1"}}`, "listen routes"},
		"routes removed":                           {`extensions: {endpoint_routing: null}`, "override"},
		"all extensions removed":                   {`service: {extensions: null}`, "override"},
		"processor removed":                        {`processors: {redaction: null}`, "override"},
		"processor changed":                        {`processors: {redaction: {blocked_values: []}}`, "override"},
		"processor opened":                         {`processors: {redaction: {allow_all_keys: true}}`, "override"},
		"processor left out":                       {`service: {pipelines: {logs: {processors: [memory_limiter]}}}`, "override"},
		"pipeline beside":                          {`service: {pipelines: {logs/x: {receivers: [file_tail], exporters: [cloudwatch_logs]}}}`, "override"},
		"component that nobody knows":              {`exporters: {opamp: {server: x}}`, "components"},
		"alias that nobody knows":                  {`exporters: {kafka: {}}`, "components"},
		"key that nobody knows":                    {`exporters: {cloudwatch_logs: {spool_folder: /etc}}`, "components"},
		"text that YAML reads as a map":            {`extensions: {file_storage: {directory: "${yaml:/etc/cron.d/x: 5}"}}`, "write"},
		"command lines with null":                  {`receivers: {host_metrics: {scrapers: {process: }}}`, "read"},
		"processes' command lines":                 {`receivers: {host_metrics: {scrapers: {process: {}}}}`, "read"},
		"groups that records may name":             {`exporters: {cloudwatch_logs/own: {allowed_groups: ["*"]}}`, "override"},
		"groups that records may name, by an item": {`exporters: {cloudwatch_logs/own: {allowed_groups: ["*"], redirect: {except: null}}}`, "override"},
		"groups that records may name, removed":    {`exporters: {cloudwatch_logs/own: {allowed_groups: null}}`, "override"},
		"redirects of documents":                   {`exporters: {cloudwatch_logs/own: {redirect: {groups: ["*"]}}}`, "override"},
		"metrics in documents":                     {`exporters: {cloudwatch_logs/own: {embedded_metrics: extract}}`, "override"},
		"state outside of the state folder":        {`extensions: {state_storage: {directory: /etc/cron.d, create_directory: true}}`, "write"},
		"detectors in one text":                    {`processors: {resource_detection: {detectors: "env, docker"}}`, "send"},
		"key of an API of another account":         {`exporters: {otlp_http: {logs_endpoint: "https://logs.eu-central-1.amazonaws.com/v1/logs", headers: {Authorization: "Bearer key"}}}`, "credentials"},
		"the same by a placeholder":                {`exporters: {otlp_http: {logs_endpoint: "https://logs.eu-central-1.amazonaws.com/v1/logs", headers: "${yaml:authorization: Bearer key}"}}`, "credentials"},
		"the same in an endpoint of the host":      {`exporters: {otlp_http/aws: {headers: {authorization: "Bearer key"}}}`, "credentials"},
		"token of another account":                 {"extensions: {bearertokenauth: {token: key}}\nexporters: {otlp_http: {logs_endpoint: \"https://logs.${env:AWS_REGION}.amazonaws.com/v1/logs\", auth: {authenticator: bearertokenauth}}}", "send credentials"},
		"token of another account, extension only": {`extensions: {bearertokenauth/aws: {token: key}}`, "credentials"},
		"TLS for another name":                     {`exporters: {otlp: {authority: evil.example}}`, "send"},
		"processes in another spelling":            {`receivers: {host_metrics: {scrapers: {"process ": {}}}}`, "read"},
		"names that a local receiver omits":        {`receivers: {file_tail/own: {exclude_names: []}}`, "read"},
		"what local filters take out":              {`receivers: {file_tail/own: {filters: []}}`, "override"},
		"what local operators take out":            {`receivers: {file_log/own: {operators: [{type: noop}]}}`, "override"},
		"operators removed":                        {`receivers: {file_log/own: {operators: null}}`, "override"},
		"pipelines by a placeholder":               {`service: {pipelines: {logs/x: "${yaml:{receivers: [file_tail], exporters: [cloudwatch_logs]}}"}}`, "override"},
		"receivers by a placeholder":               {`service: {pipelines: {logs/x: {receivers: "${yaml:[file_tail]}", exporters: [cloudwatch_logs]}}}`, "override"},
		"a receiver by a placeholder":              {`service: {pipelines: {logs/x: {receivers: ["${yaml:file_tail}"], exporters: [cloudwatch_logs]}}}`, "override"},
		"an exporter before the connector":         {`service: {pipelines: {logs/in: {exporters: [cloudwatch_logs]}}}`, "override"},
		"a pipeline beside the connector":          {`service: {pipelines: {logs/x: {receivers: [file_log/own], exporters: [cloudwatch_logs]}}}`, "override"},
		"a pipeline behind the connector":          {`service: {pipelines: {logs/x: {receivers: [forward], exporters: [cloudwatch_logs]}}}`, "override"},
		"a second route table":                     {"extensions: {endpoint_routing/x: {policy: any}}\nservice: {extensions: [endpoint_routing/x]}", "routes"},
		"address in a key that nobody knows":       {`receivers: {awscontainerinsightreceiver: {host_ip: "6.6.6.6"}}`, "components"},
		"address of a list":                        {`service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: [0.0.0.0], port: 1}}}}]}}}`, "components"},
		"own metrics to another account":           {`service: {telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {protocol: http/protobuf, endpoint: "https://monitoring.eu-central-1.amazonaws.com", headers: [{name: authorization, value: x}]}}}}]}}}`, "credentials"},
		"identity of root in Kubernetes":           {`receivers: {k8s_cluster: {auth_type: kubeConfig}}`, "credentials"},
		"another host's event log":                 {`receivers: {windowseventlog: {channel: a, remote: {server: x, username: u, password: p}}}`, "send"},
		"event query with a file":                  {`receivers: {windowseventlog: {query: '<Select Path="file://c:\x.evtx">*</Select>'}}`, "read"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{values: map[string]string{"ssm:/x": "{process: id}", "ssm:/name": "APP_SECRET", "file:/etc/shadow": "root", "http://169.254.169.254/latest": "x"}}
			need, err := b.check(t, host, c.remote)
			assert.Equal(t, c.need, need, "%v", err)
			require.Error(t, err)
			assert.Contains(t, err.Error(), "ssm:/fleet/app (version 2)")
			assert.Contains(t, err.Error(), "remote_layers: {allow: [")
			for _, uri := range b.asked {
				assert.True(t, strings.HasPrefix(uri, "ssm:"), "nothing that is refused is asked: %s", uri)
			}
			granted := "remote_layers: {allow: [" + strings.ReplaceAll(need, " ", ", ") + "]}\n"
			b.values["ssm:/x?role_arn=arn:aws:iam::1:role/x"] = "x"
			need, err = b.check(t, granted+host, c.remote)
			assert.Empty(t, need, "the capability is what was missing: %v", err)
		})
	}
}

// What fleets have in Parameter Store.
func TestFetchedLayerDoesTheDailyWork(t *testing.T) {
	t.Setenv("OTELCOL_CLOUDWATCH_LOG_FILES", `["/srv/here/*.log"]`)
	t.Setenv("OTELCOL_CLOUDWATCH_STATE_DIR", "/data/state")
	t.Setenv("AWS_REGION", "eu-central-1")
	for name, remote := range map[string]string{
		"log files":          `receivers: {file_tail/app: {include: ["/var/log/app/**/*.log", "/var/log/{a,b}.log"], exclude: ["**/*.gz"], multiline: {line_start_pattern: '^\d+'}}}`,
		"in a container":     `receivers: {file_tail/app: {include: ["/hostfs/var/log/messages*"]}}`,
		"files of the host":  `receivers: {file_tail/app: {include: "${env:OTELCOL_CLOUDWATCH_LOG_FILES:-[/var/log/x]}"}}`,
		"exclude":            `receivers: {file_tail: {exclude: ["/var/log/noise.log"]}}`,
		"retention":          `exporters: {cloudwatch_logs: {log_retention: 7, log_group_name: "/fleet/{resource:host.name}", region: "${env:AWS_REGION:-}"}}`,
		"state of the host":  `extensions: {file_storage/x: {directory: "${env:OTELCOL_CLOUDWATCH_STATE_DIR:-/var/lib/otelcol-cloudwatch}", compaction: {directory: /var/lib/otelcol-cloudwatch/x}}}`,
		"AWS's endpoints":    `exporters: {otlp_http: {logs_endpoint: "https://logs.eu-central-1.amazonaws.com/v1/logs", headers: {x: y}}, cloudwatch_logs: {endpoint: "https://vpce-0a-1b.logs.eu-central-1.vpce.amazonaws.com"}, prometheusremotewrite: {endpoint: "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write", auth: {authenticator: sigv4auth}}}`,
		"loopback":           `receivers: {otlp: {protocols: {grpc: {endpoint: "localhost:4317"}, http: {endpoint: "[::1]:4318"}}}, statsd: {endpoint: "127.0.0.1:8125", aggregation_interval: 60s}}`,
		"scrape here":        `receivers: {prometheus: {config: {scrape_configs: [{job_name: node, scrape_interval: 15s, static_configs: [{targets: ["127.0.0.1:9100"], labels: {a: b}}], relabel_configs: [{source_labels: [__address__], target_label: node}]}]}}}`,
		"pipeline":           `service: {pipelines: {logs/app: {receivers: [file_tail, otlp], processors: [memory_limiter, redaction, batch], exporters: [cloudwatch_logs]}}}`,
		"more of a pipeline": `service: {pipelines: {logs: {processors: [memory_limiter, redaction, transform], exporters: [awsemf]}}}`,
		"limits":             `processors: {memory_limiter: {limit_mib: 256}, transform: {log_statements: ['set(body, "/etc/shadow")']}, resource: {attributes: [{key: env, value: prod, action: insert}]}}`,
		"operators":          `receivers: {file_log: {include: [/var/log/x], operators: [{type: regex_parser, regex: '^(?P<env>\w+)'}, {type: add, field: attributes.env, value: production}]}}`,
		"own telemetry":      `service: {telemetry: {logs: {level: debug, output_paths: [stderr]}, metrics: {level: detailed, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 8888}}}}]}}}`,
		"another parameter":  `exporters: {cloudwatch_logs: {log_group_name: "${ssm:/group}"}}`,
		"host metrics":       `receivers: {host_metrics: {collection_interval: 60s, scrapers: {cpu: {}, disk: {exclude: {devices: ["^loop"], match_type: regexp}}}}}`,
		"event logs":         `receivers: {windowseventlog: {channel: Application, start_at: end}, windowsperfcounters: {perfcounters: [{object: Memory, counters: [{name: x, metric: y}]}]}}`,
		"journal":            `receivers: {journald: {units: [ssh], priority: info, directory: /var/log/journal}}`,
		"a default":          `receivers: {file_tail: {start_at: null}}`,
		"what is commented":  `# everything is at its default`,
		"state":              `extensions: {state_storage/x: {directory: /var/lib/otelcol-cloudwatch/x, fsync: true, max_unsaved: 1000}}`,
		"behind connectors":  `service: {pipelines: {logs/in: {exporters: [forward]}, logs/x: {receivers: [file_log/own, forward], processors: [redaction], exporters: [awsemf]}}}`,
		"a header":           `exporters: {otlp: {headers: {authorization: "Bearer key"}}, otlp_http/aws: {headers: {x-aws-log-group: /x}}}`,
		"groups of records":  `exporters: {cloudwatch_logs: {allowed_groups: [/app/*], redirect: {groups: [/app/*]}, max_targets: {groups: 10}, embedded_metrics: extract}, cloudwatch_logs/own: {embedded_metrics: ignore}, cloudwatch_emf: {allowed_streams: ["a*"]}}`,
		"limits of servers":  `receivers: {otlp: {limits: {max_in_flight: 1000000, max_connections: 10}}, statsd: {limits: {max_bytes: 1000, max_connections: 4}}}`,
		"merged":             "processors: {transform/a: &a {error_mode: ignore}, transform/b: {<<: *a}}",
	} {
		t.Run(name, func(t *testing.T) {
			need, err := (&bench{values: map[string]string{"ssm:/group": "/x"}}).check(t, host, remote)
			assert.Empty(t, need, "%v", err)
		})
	}
}

// What each shipped configuration needs where it is fetched, and no more.
func TestShippedConfigurationsMayBeFetched(t *testing.T) {
	t.Setenv("OTELCOL_CLOUDWATCH_NODE", "n")
	t.Setenv("AWS_REGION", "eu-central-1")
	files, err := filepath.Glob("../../../config/*.yaml")
	require.NoError(t, err)
	more, err := filepath.Glob("../../../config/*/*.yaml")
	require.NoError(t, err)
	needs := map[string]string{
		"assume-role": "credentials", "container": "credentials", "instance": "credentials", "process": "programs credentials", "profile": "credentials",
		"ssm-agent": "credentials", "static": "environment credentials", "web-identity": "read credentials",
		"http-proxy": "environment send", "kubernetes": "read", "failover": "send", "local": "send", "ecs-daemon": "read",
	}
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		b := &bench{values: map[string]string{}}
		goos, state := "linux", "/var/lib/otelcol-cloudwatch"
		if strings.Contains(name, "windows") {
			goos, state = "windows", "C:/ProgramData/otelcol-cloudwatch/state"
		}
		all := []layers.Layer{{Name: "ssm:/" + name, Text: text, Remote: true}}
		merged, err := layers.MergePart(all)
		require.NoError(t, err)
		err = Check(t.Context(), all, merged, Policy{Paths: DefaultPaths(goos, "/hostfs")}, Host{StateDir: state, GOOS: goos}, b.expand)
		var refused *Error
		got := ""
		if errors.As(err, &refused) {
			got = strings.ReplaceAll(list(refused.Capabilities()), ", ", " ")
		} else {
			require.NoError(t, err, name)
		}
		assert.Equal(t, needs[name], got, "%s: %v", name, err)
	}
}

func TestFetchedLayerBringsTheRouteTableWhereNoLocalLayerHasOne(t *testing.T) {
	for _, local := range []string{"", `exporters: {cloudwatch_logs: {region: eu-central-1}}`} {
		need, err := (&bench{}).check(t, local, `extensions: {endpoint_routing/x: {region: eu-central-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: [10.0.0.1, vpce-0a-1b.logs.eu-central-1.vpce.amazonaws.com]}}, {name: i, public: {}}], listen: "127.0.0.1:4443", process_proxy: true, credentials: {source: instance}}}`)
		assert.Empty(t, need, "%v", err)
	}
}

func TestLocalLayersMayDoAnything(t *testing.T) {
	b := &bench{values: map[string]string{"file:/etc/x": "y"}}
	need, err := b.check(t, `exporters: {cloudwatch_logs: {log_group_name: "${file:/etc/x}", credentials: {process: id}}, opamp: {server: x}}`, "")
	assert.Empty(t, need, "%v", err)
}

func TestWhatALocalLayerTakesFromAfarIsHeldToTheSameRules(t *testing.T) {
	values := map[string]string{"ssm:/x": "evil.example:4317", "ssm:/aws": "https://logs.eu-central-1.amazonaws.com", "ssm:/pw": "p@ss",
		"ssm:/e": "{cloudwatch_logs: {log_group_name: '${file:/etc/shadow}'}}", "ssm:/i": "[/etc/shadow]", "ssm:/c": "{process: id, static: {secret_access_key: a}}", "ssm:/path": "/etc/x", "file:/etc/x": "here"}
	for local, want := range map[string]string{
		`exporters: {otlp: {endpoint: "${ssm:/x}"}}`:                                                "send",
		`exporters: {otlp_http: {endpoint: "${ssm:/aws}", headers: {authorization: "${ssm:/pw}"}}}`: "",
		`exporters: "${ssm:/e}"`:                         "read",
		`receivers: {file_tail: {include: "${ssm:/i}"}}`: "read",
		`exporters: {cloudwatch_logs: {credentials: {static: {secret_access_key: "${ssm:/pw}"}}}}`: "",
		`exporters: {cloudwatch_logs: {log_group_name: "${file:/etc/x}/${ssm:/pw}"}}`:              "",
	} {
		need, err := (&bench{values: values}).check(t, local, "")
		assert.Equal(t, want, need, "%s: %v", local, err)
	}
}

func TestGrantsAreNarrow(t *testing.T) {
	t.Setenv("APP_ENV", "prod")
	for grant, c := range map[string]struct{ yes, no string }{
		`remote_layers: {paths: [/srv/app]}`:          {`receivers: {file_tail/x: {include: [/srv/app/*.log]}}`, `receivers: {file_tail/x: {include: [/var/log/x]}}`},
		`remote_layers: {paths: ["/srv/*/logs"]}`:     {`receivers: {file_tail/x: {include: ["/srv/a/logs/x", "/srv/*/logs/**"]}}`, `receivers: {file_tail/x: {include: ["/srv/**/logs/x"]}}`},
		`remote_layers: {hosts: [c.example]}`:         {`exporters: {otlp: {endpoint: "c.example:1"}}`, `exporters: {otlp: {endpoint: "xc.example:1"}}`},
		`remote_layers: {hosts: ["*.c.example:443"]}`: {`exporters: {otlp: {endpoint: "a.c.example:443"}}`, `exporters: {otlp: {endpoint: "a.c.example:1"}}`},
		`remote_layers: {environment: ["APP_*"]}`:     {`exporters: {cloudwatch_logs: {log_group_name: "${env:APP_ENV}"}}`, `exporters: {cloudwatch_logs: {log_group_name: "${env:PATH}"}}`},
		`remote_layers: {allow: [listen]}`:            {`receivers: {statsd: {endpoint: ":8125"}}`, `exporters: {file: {path: /x}}`},
		"remote_layers::allow: [write]":               {`exporters: {file: {path: /x}}`, `receivers: {statsd: {endpoint: ":8125"}}`},
		`remote_layers: {paths: []}`:                  {`exporters: {nop: {}}`, `receivers: {file_tail/x: {include: [/var/log/x]}}`},
	} {
		need, err := (&bench{}).check(t, grant, c.yes)
		assert.Empty(t, need, "%s: %v", grant, err)
		need, _ = (&bench{}).check(t, grant, c.no)
		assert.NotEmpty(t, need, grant)
	}
}

func TestMistakesInRemoteLayersAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		`remote_layers: {allow: [everything]}`:   `invalid capability "everything": use programs, read, write`,
		`remote_layers: {alow: []}`:              `unknown key "alow"`,
		`remote_layers: {paths: [var/log]}`:      `invalid path "var/log"`,
		`remote_layers: {paths: [/var/../etc]}`:  `invalid path`,
		`remote_layers: {hosts: ["http://x/y"]}`: `invalid host`,
		`remote_layers: {environment: ["A B"]}`:  `invalid variable`,
		`remote_layers: {allow: ["${ssm:/x}"]}`:  `without placeholders`,
		`remote_layers: {allow: programs}`:       `not a list`,
		`remote_layers: all`:                     `is a map`,
	} {
		merged, err := layers.MergePart([]layers.Layer{{Name: "/etc/a.yaml", Text: []byte("\n" + text)}})
		require.NoError(t, err)
		_, err = Of(merged)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "/etc/a.yaml:2")
	}
}

func TestFetchedLayerCannotAllowItself(t *testing.T) {
	for _, text := range []string{`remote_layers: {allow: [programs]}`, `remote_layers::allow: [programs]`, `remote_layers:`} {
		_, err := layers.MergePart([]layers.Layer{{Name: "ssm:/x (version 1)", Text: []byte(text), Remote: true}})
		require.ErrorContains(t, err, "a fetched layer cannot say what fetched layers may do")
	}
}

func TestValuesInRefusalsAreWithoutSecrets(t *testing.T) {
	_, err := (&bench{}).check(t, "", `exporters: {cloudwatch_logs: {credentials: {process: "helper --client-secret hunter22"}}, otlp: {endpoint: "https://u:hunter22@evil.example/?token=hunter22"}}`)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter22")
	assert.Contains(t, err.Error(), "helper")
	assert.Contains(t, err.Error(), "evil.example")
}
