package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/otlp"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// hostileLines are what a client of the logged program can have written: each names a group, which is denied in these tests.
func hostileLines() []string {
	document := func(meta string) string {
		return fmt.Sprintf(`{"_aws":{"Timestamp":%d,%s"CloudWatchMetrics":[{"Namespace":"Chosen","Dimensions":[[]],"Metrics":[{"Name":"m"}]}]},"m":1}`, time.Now().UnixMilli(), meta)
	}
	return []string{
		`{"log_group_name":"/forbidden/x","log_stream_name":"db1/var/log/audit.log"}`,
		`{"_aws":{"LogGroupName":"/forbidden/x","LogStreamName":"db1"}}`,
		document(`"LogGroupName":"/forbidden/x","LogStreamName":"db1",`),
		strings.Replace(document(""), "{", `{"log_group_name":"/forbidden/x",`, 1),
	}
}

// targetsOf are the streams that a server has, as GROUP STREAM, but for metrics of the host.
func targetsOf(server *awslocal.Server) (all []string) {
	for _, g := range server.Logs.Status(0).Groups {
		for _, s := range g.Streams {
			if g.Name != metricGroup {
				all = append(all, g.Name+" "+s.Name)
			}
		}
	}
	slices.Sort(all)
	return all
}

func forbid(t *testing.T, server *awslocal.Server) {
	t.Helper()
	_, err := server.Faults.Add(faults.Rule{Kind: faults.AccessDenied, LogGroup: "/forbidden/*"})
	require.NoError(t, err)
}

// Lines that name a group in two hundred files arrive where the configuration says, and hold up nothing.
func TestALineChoosesNeitherGroupNorStreamOfAHost(t *testing.T) {
	t.Parallel()
	for config, more := range map[string][]string{"host.yaml": nil, "windows.yaml": {withoutEventLogs}} {
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			chooseNothing(t, append([]string{config, "local.yaml"}, more...))
		})
	}
}

func chooseNothing(t *testing.T, configs []string) {
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	forbid(t, server)
	folder := t.TempDir()
	text := strings.Join(hostileLines(), "\n") + "\nanother line\n"
	const files = 200
	for i := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("z%d.log", i)), []byte(text), 0o600))
	}
	setup := newSetup(t, server, folder+"/*.log")
	setup.configs = configs
	setup.startHealthy()
	const each = 5
	await(t, "all lines", func() bool { return counted(server) >= files*each-2*files }) // EMF documents are not counted
	appendTo(t, filepath.Join(folder, "honest.log"), "an honest line\n")
	r := newReader(t, server)
	host := ""
	await(t, "the honest line", func() bool {
		for _, s := range r.streams() {
			if strings.HasSuffix(s, "/honest.log") {
				host = strings.TrimSuffix(s, folder+"/honest.log")
				return slices.Equal(r.messages(s), []string{"an honest line"})
			}
		}
		return false
	})
	for _, i := range []int{0, files - 1} {
		path := filepath.Join(folder, fmt.Sprintf("z%d.log", i))
		await(t, path, func() bool { return slices.Contains(r.streams(), host+path) && len(r.messages(host+path)) == each })
		assert.Equal(t, strings.Split(strings.TrimSpace(text), "\n"), r.messages(host+path), "unchanged, and in order")
	}
	for _, target := range targetsOf(server) {
		assert.True(t, strings.HasPrefix(target, logGroup+" "+host+folder+"/"), target)
	}
	await(t, "the checkpoints of all files", func() bool {
		out, err := exec.Command(filepath.Join(binaries, "otelcol-cloudwatch"), "checkpoints", "list", "--dir", setup.env["OTELCOL_CLOUDWATCH_STATE_DIR"]).CombinedOutput()
		return err == nil && strings.Count(string(out), fmt.Sprintf("\n%d  ", len(text))) == files
	})
	assert.NotEmpty(t, seriesByName(server)["m"], "CloudWatch makes metrics of lines that are documents")
}

func TestEmbeddedMetricsOfLinesAreIgnoredWhereTheOperatorSaysSo(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	path := filepath.Join(t.TempDir(), "a.log")
	lines := hostileLines()
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	setup := newSetup(t, server, path)
	setup.env["OTELCOL_CLOUDWATCH_EMBEDDED_METRICS"] = "ignore"
	setup.startHealthy()
	await(t, "the lines", func() bool { return counted(server) == len(lines) })
	assert.Empty(t, seriesByName(server)["m"])
}

// sendJSON gives a collector what a client of OTLP says.
func sendJSON(t *testing.T, address, signal, body string) {
	t.Helper()
	await(t, "the collector to take "+signal, func() bool {
		answer, err := http.Post("http://"+address+"/v1/"+signal, "application/json", strings.NewReader(body))
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// hostileResource names another cluster, task and host in every way that names are made of.
var hostileResource = func() string {
	var all []string
	for key, value := range map[string]string{
		"aws.ecs.cluster.name": "payments", "aws.ecs.cluster.arn": "arn:aws:ecs:us-east-1:123456789012:cluster/payments", "aws.ecs.task.family": "ledger",
		"aws.ecs.task.id": "stolen", "aws.ecs.task.arn": "arn:aws:ecs:us-east-1:123456789012:task/payments/stolen", "ClusterName": "payments",
		"TaskDefinitionFamily": "ledger", "TaskId": "stolen", "service.name": "../../ledger", "host.name": "db1", "host.id": "i-db1", "log.file.path": "/var/log/audit.log",
	} {
		all = append(all, fmt.Sprintf(`{"key":%q,"value":{"stringValue":%q}}`, key, value))
	}
	return `"resource":{"attributes":[` + strings.Join(all, ",") + `]}`
}()

func hostileLogs(body string) string {
	return fmt.Sprintf(`{"resourceLogs":[{%s,"scopeLogs":[{"logRecords":[{"timeUnixNano":"%d","body":{"stringValue":%q}}]}]}]}`, hostileResource, time.Now().UnixNano(), body)
}

func hostileMetrics(name string) string {
	return fmt.Sprintf(`{"resourceMetrics":[{%s,"scopeMetrics":[{"metrics":[{"name":%q,"gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":"1","attributes":[`+
		`{"key":"ClusterName","value":{"stringValue":"payments"}},{"key":"TaskId","value":{"stringValue":"stolen"}},{"key":"host","value":{"stringValue":"db1"}}]}]}}]}]}]}`,
		hostileResource, name, time.Now().UnixNano())
}

func TestASenderChoosesNeitherClusterNorFamilyNorTaskOfECS(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ECS: true, IgnoreQuotas: true})
	forbid(t, server)
	task := newECSTask(t, server)
	require.NoError(t, os.WriteFile(filepath.Join(task.volume, "app.log"), []byte(strings.Join(hostileLines(), "\n")+"\n"), 0o600))
	task.startHealthy()
	sendJSON(t, task.otlp, "logs", hostileLogs("transfer approved"))
	sendJSON(t, task.otlp, "metrics", hostileMetrics("chosen"))
	r := newReader(t, server).in(ecsLogGroup)
	file := ecsTask + task.volume + "/app.log"
	await(t, "the lines", func() bool { return slices.Contains(r.streams(), file) && len(r.messages(file)) == len(hostileLines()) })
	sender := ecsTask + "/.._.._ledger"
	for _, target := range targetsOf(server) {
		assert.Contains(t, []string{
			ecsLogGroup + " " + file, ecsLogGroup + " " + sender, "/ecs/" + ecsCluster + "/metrics " + ecsTask, "/ecs/" + ecsCluster + "/performance " + ecsTask,
		}, target)
	}
	assert.Len(t, r.messages(sender), 1)
	assert.NotEmpty(t, r.in("/ecs/"+ecsCluster+"/metrics").streams())

	for i := range 250 {
		sendJSON(t, task.otlp, "logs", strings.Replace(hostileLogs("x"), "../../ledger", fmt.Sprint("service-", i), 1))
	}
	assert.LessOrEqual(t, len(r.streams()), 202, "200 of the sender's, one of the file, and the one for what is beyond")
	assert.Contains(t, r.streams(), "overflow/overflow", "in the same group")
}

func TestAContainersLineChoosesNoGroup(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "raw"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
			forbid(t, server)
			setup, _, logs := onNode(t, server, cart)
			setup.env["OTELCOL_CLOUDWATCH_LOG_FORMAT"] = format
			logOf(t, logs, cart).print("stdout", hostileLines()...)
			setup.startHealthy()
			want := "/otelcol-cloudwatch/kubernetes/" + cart.namespace + " " + cart.name + "/" + cart.container
			r := newReader(t, server).in("/otelcol-cloudwatch/kubernetes/" + cart.namespace)
			await(t, "the lines", func() bool {
				return len(r.streams()) == 1 && len(r.messages(cart.name+"/"+cart.container)) == len(hostileLines())
			})
			assert.Equal(t, []string{want}, targetsOf(server))
		})
	}
}

func TestASenderByOTLPIsNoOtherHost(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	setup := newSetup(t, server, newWriter(t, "none.log").path)
	address := ports.FreeAddress(t)
	setup.env["OTELCOL_CLOUDWATCH_OTLP_HTTP_ENDPOINT"], setup.env["OTELCOL_CLOUDWATCH_OTLP_GRPC_ENDPOINT"] = address, ports.FreeAddress(t)
	setup.configs = []string{"host.yaml", "layers/otlp.yaml", "local.yaml", "yaml:exporters: {otlp_http/metrics: {metrics_endpoint: " + server.URL + "/v1/metrics}}"}
	setup.startHealthy()
	sendJSON(t, address, "metrics", hostileMetrics("chosen"))
	var points []otlp.Point
	await(t, "the data point", func() bool {
		points = slices.DeleteFunc(server.OTLP.Points(), func(p otlp.Point) bool { return p.Name != "chosen" })
		return len(points) > 0
	})
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, host, points[0].Labels["host"])
}

// A program's document goes where it says, but to no group that the configuration has for files; one that is denied goes where
// those go that name none.
func TestAProgramsDocumentReachesNoGroupOfFiles(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true, Region: "eu-central-1"})
	forbid(t, server)
	address := ports.FreeAddress(t)
	folder, _ := migrate(t, `{"agent": {"region": "eu-central-1"}, "logs": {"log_stream_name": "s", "metrics_collected": {"emf": {"service_address": "tcp://127.0.0.1:25888"}},
		"logs_collected": {"files": {"collect_list": [{"file_path": "/nowhere/audit.log", "log_group_name": "/audit"}]}}}}`)
	s := newSetup(t, server)
	s.configs = []string{
		"file:" + filepath.Join(folder, "10-base.yaml"), "file:" + filepath.Join(folder, "40-logs.yaml"),
		"yaml:{receivers: {tcp_log/cwagent_emf: {listen_address: '" + address + "'}}}",
	}
	s.startHealthy()
	client, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer client.Close()
	for _, group := range []string{"/programs", "/audit", "/forbidden/x", ""} {
		_, err = fmt.Fprintf(client, `{"_aws": {"Timestamp": %d, "LogGroupName": %q, "LogStreamName": "one", "CloudWatchMetrics": [{"Namespace": "Programs", "Dimensions": [[]], "Metrics": [{"Name": "Sent"}]}]}, "Sent": 1}`+"\n", time.Now().UnixMilli(), group)
		require.NoError(t, err)
	}
	r := newReader(t, server)
	await(t, "all documents", func() bool {
		return len(r.in("/programs").streams()) == 1 && slices.Contains(r.in("/aws/cwagent/emf").streams(), "s") && len(eventsOf(t, r.in("/aws/cwagent/emf"), "s")) == 3
	})
	assert.Equal(t, []string{"/aws/cwagent/emf s", "/programs one"}, targetsOf(server))
	await(t, "the count of what was denied", func() bool { return s.metric("cloudwatch_logs_diverted_events", `reason="refused"`) == 1 })
	assert.Equal(t, 1, s.metric("cloudwatch_logs_diverted_events", `reason="not_allowed"`))
	assert.Equal(t, 1, s.logged("does not take events for a target that they name themselves"))
}

// In each shipped configuration a pipeline that others send to removes what they say of the host or the task, before that is
// detected; and no exporter lets documents name a group.
func TestShippedConfigurationsLetNobodyChoose(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*.yaml", "layers/*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(root, "config", pattern))
		require.NoError(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			var c struct {
				Exporters map[string]map[string]any
				Service   struct {
					Pipelines map[string]struct{ Receivers, Processors, Exporters []string }
				}
			}
			require.NoError(t, yaml.Unmarshal(text, &c))
			for id, e := range c.Exporters {
				for _, key := range []string{"redirect", "allowed_groups", "allowed_streams"} {
					assert.NotContains(t, e, key, "%s: %s", path, id)
				}
				if strings.HasPrefix(id, "cloudwatch_emf") && e["log_group_name"] != nil {
					assert.Contains(t, e, "namespace", "%s: %s", path, id)
				}
			}
			for id, p := range c.Service.Pipelines {
				named := slices.ContainsFunc(p.Exporters, func(e string) bool { return strings.HasPrefix(e, "cloudwatch_") }) || strings.HasPrefix(id, "metrics")
				if slices.Contains(p.Receivers, "otlp") && named {
					at := slices.Index(p.Processors, "transform/senders")
					assert.True(t, at >= 0 && at < slices.Index(p.Processors, "resource_detection"), "%s: %s: %v", path, id, p.Processors)
				}
			}
		}
	}
}
