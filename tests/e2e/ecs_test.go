package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awspolicy"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// What cloudwatch-local's task is.
const (
	ecsTask    = "158d1c8083dd49d6b527399fd6414f5c"
	ecsCluster = "cloudwatch-local"
	ecsFamily  = "collector"
	ecsService = "collector"

	ecsLogGroup  = "/ecs/" + ecsCluster + "/" + ecsFamily
	ecsNamespace = "ECS/ContainerInsights"

	// stopTimeout is the collector's in the task definitions of distributions/ecs.
	stopTimeout = 90 * time.Second
)

// ecsTaskOf is a task: the collector's environment is what the ECS agent and the task definition give it, and its
// credentials are the task's alone. What it asks for goes through a front, which remembers whose signature it had.
type ecsTaskOf struct {
	*setup
	volume string // that the containers share
	otlp   string // where the collector takes OTLP over HTTP

	mu   sync.Mutex
	keys map[string]bool // that signed
	// rewrite changes what the metadata endpoint answers.
	rewrite func(string) string
}

var signedBy = regexp.MustCompile(`Credential=([^/]+)/`)

func newECSTask(t *testing.T, server *awslocal.Server) *ecsTaskOf {
	t.Helper()
	task := &ecsTaskOf{setup: newSetup(t, server), volume: t.TempDir(), otlp: ports.FreeAddress(t), keys: map[string]bool{}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if by := signedBy.FindStringSubmatch(r.Header.Get("Authorization")); by != nil {
			task.mu.Lock()
			task.keys[by[1]] = true
			task.mu.Unlock()
		}
		if task.rewrite == nil || !strings.HasPrefix(r.URL.Path, "/v4/") {
			server.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, task.rewrite(answer.Body.String())) // the client may have gone away
	}))
	t.Cleanup(front.Close)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "OTELCOL_CLOUDWATCH_LOG_FILES"} {
		delete(task.env, name)
	}
	for _, v := range server.Metadata.Env(front.URL) {
		name, value, _ := strings.Cut(v, "=")
		task.env[name] = value
	}
	task.env["AWS_ENDPOINT_URL"] = front.URL
	task.env["OTELCOL_CLOUDWATCH_LOG_FILES"] = `["` + task.volume + `/*.log*"]`
	task.env["OTELCOL_CLOUDWATCH_OTLP_HTTP_ENDPOINT"] = task.otlp
	task.env["OTELCOL_CLOUDWATCH_OTLP_GRPC_ENDPOINT"] = ports.FreeAddress(t)
	task.env["OTELCOL_CLOUDWATCH_DRAIN_TIMEOUT"] = (stopTimeout - 15*time.Second).String()
	task.configs = []string{"ecs.yaml"}
	return task
}

// signatures are how many key pairs signed what the collector asked for.
func (task *ecsTaskOf) signatures() int {
	task.mu.Lock()
	defer task.mu.Unlock()
	return len(task.keys)
}

// applicationVariable makes the test's binary the task's application, which writes to the file that it names.
const applicationVariable = "OTELCOL_CLOUDWATCH_TEST_APPLICATION"

// lastWords is how many lines the application writes between SIGTERM and its end.
const lastWords = 5000

// application writes lines until SIGTERM, and then the most of them. It says how many there were.
func application(path string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	n := 0
	write := func(lines int) error {
		var text bytes.Buffer
		for range lines {
			line := fmt.Sprintf("line %08d of %s ", n, filepath.Base(path))
			text.WriteString(line + strings.Repeat("x", lineBytes-len(line)) + "\n")
			n++
		}
		_, err := file.Write(text.Bytes())
		return err
	}
	for {
		select {
		case <-stop:
			if err := write(lastWords); err != nil {
				return err
			}
			fmt.Println(n)
			return file.Close()
		case <-time.After(2 * time.Millisecond):
			if err := write(3); err != nil {
				return err
			}
		}
	}
}

// startApplication runs it; the function that it returns ends it as ECS does, and says how many lines it wrote.
func (task *ecsTaskOf) startApplication(name string) (stop func() int) {
	task.t.Helper()
	self, err := os.Executable()
	require.NoError(task.t, err)
	command := exec.Command(self)
	command.Env = []string{applicationVariable + "=" + filepath.Join(task.volume, name)}
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, os.Stderr
	require.NoError(task.t, command.Start())
	task.t.Cleanup(func() { _ = command.Process.Kill() })
	return func() int {
		task.t.Helper()
		require.NoError(task.t, command.Process.Signal(syscall.SIGTERM))
		require.NoError(task.t, command.Wait())
		var n int
		_, err := fmt.Sscan(out.String(), &n)
		require.NoError(task.t, err)
		return n
	}
}

// send gives the collector a record by OTLP, as often as it takes until it is accepted.
func (task *ecsTaskOf) send(service, body string) {
	task.t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	record.Body().SetStr(body)
	request, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	require.NoError(task.t, err)
	await(task.t, "the collector to take "+body, func() bool {
		answer, err := http.Post("http://"+task.otlp+"/v1/logs", "application/x-protobuf", bytes.NewReader(request))
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// The whole life of a task: the collector is there first, credentials end every few seconds, CloudWatch throttles, and ECS
// stops the application, which has most to say at its end, and then the collector.
func TestECSTaskLosesNothingFromItsStartToItsEnd(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ECS: true, SessionDuration: 3 * time.Second, IgnoreQuotas: true})
	_, err := server.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "PutLogEvents", Probability: .3})
	require.NoError(t, err)
	task := newECSTask(t, server)
	collector := task.startHealthy()
	stopApplication := task.startApplication("app.log")
	const records = 20
	for i := range records {
		task.send("shop", fmt.Sprintf("record %02d", i))
	}
	await(t, "credentials that were replaced three times", func() bool { return task.signatures() > 3 })

	written := stopApplication()
	began := time.Now()
	collector.stop()
	took := time.Since(began)
	assert.Less(t, took, stopTimeout, "the collector ends before ECS kills it")
	t.Logf("%d lines, the last %d at the application's end; %d key pairs; the collector ended %s after it", written, lastWords, task.signatures(), took.Round(time.Millisecond))

	next := task.startHealthy()
	await(t, "the next task to look at the groups that are there", func() bool { return counts(server)["logs:DescribeLogGroups"] > 0 })
	next.stop()

	policy, err := os.ReadFile(filepath.Join(root, "distributions", "ecs", "policies", "task-role.json"))
	require.NoError(t, err)
	policy = []byte(strings.NewReplacer("{CLUSTER}", ecsCluster, "{FAMILY}", ecsFamily, "{REGION}", "us-east-1", "{ACCOUNT}", "123456789012").Replace(string(policy)))
	var role awspolicy.Document
	require.NoError(t, json.Unmarshal(policy, &role))
	called := counts(server)
	assert.Positive(t, called["logs:PutLogEvents"])
	for action := range called {
		assert.Contains(t, role.Actions(), action, "the task role allows what the task does")
	}
	for _, action := range role.Actions() {
		if action != "ssm:GetParameters" { // the layer `live`, which this test has not
			assert.Contains(t, called, action, "the task role allows what nothing does, and the application has it, too")
		}
	}
	for _, group := range server.Logs.Status(0).Groups {
		for _, stream := range group.Streams {
			assert.True(t, role.Allows("logs:PutLogEvents", group.ARN+":log-stream:"+stream.Name), "%s %s", group.ARN, stream.Name)
		}
		assert.True(t, role.Allows("logs:CreateLogGroup", group.ARN), group.ARN)
		assert.Equal(t, group.Name != ecsLogGroup, role.Allows("logs:PutRetentionPolicy", group.ARN), "retention is for the groups of metrics: %s", group.Name)
	}
	assert.False(t, role.Allows("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/"+ecsCluster+"/another:log-stream:x"), "another task's group")

	reader := newReader(t, server).in(ecsLogGroup)
	file, otlp := ecsTask+task.volume+"/app.log", ecsTask+"/shop"
	assert.ElementsMatch(t, []string{file, otlp}, reader.streams(), "streams are TASK/PATH and TASK/SERVICE")
	requireExactly(t, written, reader.numbers("app.log"))
	messages := reader.messages(otlp)
	require.Len(t, messages, records, "each record once")
	for i, message := range messages {
		assert.Contains(t, message, fmt.Sprintf(`"body":"record %02d"`, i))
		assert.Contains(t, message, ecsTask, "the task is in the record")
	}
	assert.Empty(t, server.Metrics.Status().InvalidEMF)
}

// commandOf is the collector's command in a task definition, with our configurations instead of the image's.
func commandOf(t *testing.T, definition string) (configs []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "distributions", "ecs", "task-definitions", definition))
	require.NoError(t, err)
	var task struct {
		ContainerDefinitions []struct {
			Name    string
			Command []string
		}
	}
	require.NoError(t, json.Unmarshal(text, &task))
	for _, c := range task.ContainerDefinitions {
		for i := 1; c.Name == "collector" && i < len(c.Command); i += 2 {
			require.Equal(t, "--config", c.Command[i-1])
			configs = append(configs, strings.TrimPrefix(c.Command[i], "/etc/otelcol-cloudwatch/"))
		}
	}
	require.NotEmpty(t, configs)
	return configs
}

// A task has its configuration from Parameter Store, by the collector itself, and by ECS, which puts a parameter that
// `secrets` names into a variable. The commands are those of the task definitions.
func TestECSConfigurationFromParameterStoreAndSecrets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		definition, live, start string
		group                   string
		retention               int32
	}{
		"both": {
			"fargate.json", "exporters: {cloudwatch_logs/otlp: {log_group_name: '/shop/{ClusterName}'}}", "exporters: {cloudwatch_logs/otlp: {log_retention: 7}}",
			"/shop/" + ecsCluster, 7,
		},
		"nothing but what has to be there": {"ec2.json", "", "service: {}", ecsLogGroup, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{ECS: true})
			if test.live != "" {
				put(t, server, "/otelcol-cloudwatch/ecs/live", test.live)
			}
			put(t, server, "/otelcol-cloudwatch/ecs/start", test.start)
			client := ssm.NewFromConfig(server.AWSConfig(context.Background()))
			secret, err := client.GetParameter(context.Background(), &ssm.GetParameterInput{Name: aws.String("/otelcol-cloudwatch/ecs/start")})
			require.NoError(t, err)

			task := newECSTask(t, server)
			task.configs = commandOf(t, test.definition)
			task.env["OTELCOL_CONFIG_CONTENT"] = *secret.Parameter.Value
			collector := task.startHealthy()
			task.send("shop", "hello")
			collector.stop()

			logs := cloudwatchlogs.NewFromConfig(server.AWSConfig(context.Background()))
			groups, err := logs.DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &test.group})
			require.NoError(t, err)
			require.Len(t, groups.LogGroups, 1)
			assert.Equal(t, test.group, *groups.LogGroups[0].LogGroupName)
			assert.Equal(t, test.retention, aws.ToInt32(groups.LogGroups[0].RetentionInDays))
			assert.Len(t, newReader(t, server).in(test.group).messages(ecsTask+"/shop"), 1)
		})
	}
}

// What docs/deploying/ecs.md gives a reader to write are layers over ecs.yaml, alone and together.
func TestECSPageHasLayersThatAreTaken(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "deploying", "ecs.md"))
	require.NoError(t, err)
	task := newECSTask(t, awslocal.Serve(t, awslocal.Options{ECS: true}))
	task.configs = nil // run would lay it over the layers
	args := []string{"validate", "--config", filepath.Join(root, "config", "ecs.yaml")}
	// live.yaml of the commands, and blocks of YAML.
	blocks := regexp.MustCompile("(?s)<<'EOF'\n(.*?) +EOF\n|```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, blocks, 3)
	for _, block := range blocks {
		args = append(args, "--config", "yaml:"+string(block[1])+string(block[2]))
		out, err := task.run(args...)
		require.NoError(t, err, "%s\n%s", args[len(args)-1], out)
	}
}

// A collector that is started again in the task goes on where it was: its state is on a volume of the task.
func TestECSCollectorThatIsStartedAgainGoesOn(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ECS: true, IgnoreQuotas: true})
	task := newECSTask(t, server)
	first := task.startHealthy()
	stopApplication := task.startApplication("app.log")
	reader := newReader(t, server).in(ecsLogGroup)
	await(t, "lines", func() bool { return len(reader.numbers("app.log")) > 0 })
	first.kill()
	second := task.startHealthy()
	written := stopApplication()
	second.stop()
	c := compare(written, reader.numbers("app.log"))
	t.Log(c)
	assert.Zero(t, c.missing, "%s", c)
}

// ECS ends a task, or starts its container anew, when the health check fails: that CloudWatch lets it write nothing is
// no reason. On a host it is one.
func TestECSCollectorIsWellWhileItMayNotWrite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		configs []string
		status  int
	}{
		"sidecar": {[]string{"ecs.yaml"}, http.StatusOK},
		"daemon":  {[]string{"host.yaml", "layers/ecs-daemon.yaml"}, http.StatusOK},
		"host":    {[]string{"host.yaml"}, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{ECS: true})
			_, err := server.Faults.Add(faults.Rule{Kind: faults.AccessDenied, Operation: "PutLogEvents", Every: 1})
			require.NoError(t, err)
			task := newECSTask(t, server)
			task.configs = test.configs
			task.env["OTELCOL_CLOUDWATCH_ROOT_PATH"] = "/"
			require.NoError(t, os.WriteFile(filepath.Join(task.volume, "app.log"), []byte("hello\n"), 0o600))
			// Less than a second between the first refusal and what the health check may say of it.
			collector := task.startHealthy("yaml:extensions: {healthcheckv2: {component_health: {recovery_duration: 100ms}}}")
			ask := func(path string) (int, string) {
				answer, err := http.Get("http://" + task.health + path)
				require.NoError(t, err)
				defer answer.Body.Close()
				text, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				return answer.StatusCode, string(text)
			}
			await(t, "an exporter's trouble in the health check", func() bool {
				_, text := ask("/?verbose")
				return strings.Contains(text, troubled)
			})
			for range 10 { // the host's is bad after the first 100 ms
				time.Sleep(100 * time.Millisecond)
				if test.status == http.StatusOK {
					status, text := ask("/")
					require.Equal(t, test.status, status, text)
				}
			}
			await(t, "the status", func() bool { status, _ := ask("/"); return status == test.status })
			server.Faults.Clear()
			collector.stop()
		})
	}
}

// A DAEMON service looks at the instance, whose root is mounted in the container: here it is the machine's own.
func TestECSDaemonLooksAtTheInstance(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ECS: true})
	w := newWriter(t, "messages.log")
	w.append(10)
	task := newECSTask(t, server)
	task.configs = commandOf(t, "daemon.json")
	task.env["OTELCOL_CLOUDWATCH_ROOT_PATH"] = "/"
	task.env["OTELCOL_CLOUDWATCH_LOG_FILES"] = `["` + w.path + `"]`
	collector := task.startHealthy()
	await(t, "the lines", func() bool { return counted(server) == w.next })
	await(t, "metrics", func() bool { return len(server.Metrics.Status().Series) > 0 })
	collector.stop()
	assert.Empty(t, server.Metrics.Status().InvalidEMF)
}

// With a route table the credentials come from the task's endpoint alone, and other programs of the task have them too.
func TestECSCredentialsOfTheContainerEndpoint(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{ECS: true, SessionDuration: 3 * time.Second})
	task := newECSTask(t, server)
	served := ports.FreeAddress(t)
	token := filepath.Join(t.TempDir(), "token")
	routes := fmt.Sprintf("yaml:extensions: {endpoint_routing: {region: %s, policy: any, routes: [{name: any, public: {}}], endpoints: {logs: %q}}}\nservice: {extensions: [endpoint_routing]}",
		task.env["AWS_REGION"], task.env["AWS_ENDPOINT_URL"])
	here := fmt.Sprintf("yaml:extensions: {endpoint_routing: {credentials_endpoint: {endpoint: %q, token_file: %q}}}", served, token)
	collector := task.startHealthy(routes, "credentials/container.yaml", here)
	task.send("shop", "hello")
	authorization, err := os.ReadFile(token)
	require.NoError(t, err)
	given := map[string]bool{}
	await(t, "three key pairs from the endpoint", func() bool {
		request, err := http.NewRequest(http.MethodGet, "http://"+served+"/v1/credentials", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", string(authorization))
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		if key := regexp.MustCompile(`"AccessKeyId":\s*"([^"]+)"`).FindStringSubmatch(string(text)); key != nil {
			given[key[1]] = true
		}
		return len(given) >= 3
	})
	task.send("shop", "again")
	collector.stop()
	assert.Len(t, newReader(t, server).in(ecsLogGroup).messages(ecsTask+"/shop"), 2)
}
