//go:build linux

package routes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

// taskEndpoint is where ECS answers each task: its metadata, and its role's credentials.
var taskEndpoint = netip.MustParseAddr("169.254.170.2")

// ecsContainer is what a task definition says of a container, as far as it decides how one runs.
type ecsContainer struct {
	Name, User  string
	Command     []string
	Environment []struct{ Name, Value string }
	Secrets     []struct{ Name, ValueFrom string }
	HealthCheck *struct{ Command []string }
	StopTimeout int
	MountPoints []struct {
		SourceVolume, ContainerPath string
		ReadOnly                    bool
	}
	DependsOn []struct{ ContainerName, Condition string }
}

// ecsTask is a task in the lab: its containers have the host's network as awsvpc gives a task one, and see an image's
// file system, read-only, with the task's volumes.
type ecsTask struct {
	*station
	containers map[string]ecsContainer
	volumes    map[string]string // folders by the volumes' names
	image      string

	mu     sync.Mutex
	events map[string]map[string]int // messages by GROUP:STREAM, and how often each came
}

// newECSTask makes a task of a definition of distributions/ecs.
func newECSTask(t *testing.T, definition string) *ecsTask {
	t.Helper()
	for _, program := range []string{"setpriv", "chroot", "mount"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing: %v", program, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "distributions", "ecs", "task-definitions", definition))
	require.NoError(t, err)
	var task struct {
		ContainerDefinitions []ecsContainer
		Volumes              []struct {
			Name string
			Host struct{ SourcePath string }
		}
	}
	require.NoError(t, json.Unmarshal(bytes.ReplaceAll(text, []byte("{REGION}"), []byte(region)), &task))
	k := &ecsTask{containers: map[string]ecsContainer{}, volumes: map[string]string{}, events: map[string]map[string]int{}, image: t.TempDir()}
	for _, c := range task.ContainerDefinitions {
		k.containers[c.Name] = c
	}
	for _, v := range task.Volumes {
		if k.volumes[v.Name] = v.Host.SourcePath; v.Host.SourcePath != "/" {
			k.volumes[v.Name] = t.TempDir()
		}
	}
	k.station = &station{lab: newLabWith(t, awslocal.Options{ECS: true, Region: region, IgnoreQuotas: true, OnLogEvent: k.add})}
	k.dns.set(publicLogs, endpointA)
	k.dns.set(publicSSM, endpointA)

	require.NoError(t, ip(k.cloud.name, "addr add "+taskEndpoint.String()+"/32 dev lo"))
	require.NoError(t, ip(k.host.name, "route add "+taskEndpoint.String()+" via 10.0.1.1"))
	front := &front{lab: k.lab, link: k.links[linkPrivate], address: netip.AddrPortFrom(taskEndpoint, 80), handler: k.aws}
	require.NoError(t, front.open())
	t.Cleanup(front.close)
	k.makeImage()
	return k
}

func (k *ecsTask) add(group, stream, message string, _ time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.events[group+":"+stream] == nil {
		k.events[group+":"+stream] = map[string]int{}
	}
	k.events[group+":"+stream][message]++
}

// arrivedIn is how often each message came to a stream so far.
func (k *ecsTask) arrivedIn(stream string) map[string]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	copied := map[string]int{}
	for message, times := range k.events[stream] {
		copied[message] = times
	}
	return copied
}

// makeImage is the file system of the image, but for the program and the configurations, which are mounted.
func (k *ecsTask) makeImage() {
	k.t.Helper()
	for _, folder := range []string{"proc", "usr/bin", "etc/otelcol-cloudwatch", "etc/ssl/certs", "var/lib/otelcol-cloudwatch", "var/log/app", "hostfs"} {
		require.NoError(k.t, os.MkdirAll(filepath.Join(k.image, folder), 0o755))
	}
	ca, err := os.ReadFile(k.caFile)
	require.NoError(k.t, err)
	for file, text := range map[string]string{
		"usr/bin/otelcol-cloudwatch":        "",
		"etc/ssl/certs/ca-certificates.crt": string(ca),
		"etc/resolv.conf":                   "nameserver " + hostDNS.Addr().String() + "\n",
		"etc/hosts":                         "127.0.0.1 localhost\n",
	} {
		require.NoError(k.t, os.WriteFile(filepath.Join(k.image, file), []byte(text), 0o644))
	}
	require.NoError(k.t, os.Chmod(k.image, 0o755))
	// A volume has the owner that the folder has in the image.
	if _, shared := k.volumes["logs"]; shared {
		require.NoError(k.t, os.Chown(k.volumes["state"], 10001, 10001))
	}
}

// inContainer mounts what is named as FROM TO ro|rw, each once, and becomes a program with no capability but those that
// this takes, which give no access to files or processes of others.
const inContainer = `set -e
image=$1 user=$2; shift 2
mount --bind "$image" "$image"
mount -o remount,bind,ro "$image"
cd "$image"
while [ "$1" != -- ]; do
	mount --rbind "$1" "$image$2"
	[ "$3" = rw ] || mount -o remount,bind,ro "$image$2"
	shift 3
done
shift
exec setpriv --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all env -i "$@"
`

// start runs a command in a container of the task: its own one, or that of its health check.
func (k *ecsTask) start(c ecsContainer, command []string, extra ...string) *process {
	k.t.Helper()
	configurations, err := filepath.Abs(filepath.Join(root, "config"))
	require.NoError(k.t, err)
	arguments := []string{
		"sh", "-c", inContainer, "sh", k.image, c.User,
		collectorBinary(k.t), "/usr/bin/otelcol-cloudwatch", "ro", configurations, "/etc/otelcol-cloudwatch", "ro", "/proc", "/proc", "ro",
	}
	for _, m := range c.MountPoints {
		arguments = append(arguments, k.volumes[m.SourceVolume], m.ContainerPath, map[bool]string{true: "ro", false: "rw"}[m.ReadOnly])
	}
	arguments = append(append(arguments, extra...), "--", "PATH=/usr/bin", "HOME=/var/lib/otelcol-cloudwatch")
	// What the ECS agent gives each container.
	for _, v := range k.aws.Metadata.Env("http://" + taskEndpoint.String()) {
		v = strings.Replace(v, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://"+taskEndpoint.String(), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=", 1)
		if strings.Contains(v, taskEndpoint.String()+"/v4/") || strings.HasPrefix(v, "AWS_CONTAINER_") {
			arguments = append(arguments, v)
		}
	}
	for _, v := range c.Environment {
		arguments = append(arguments, v.Name+"="+v.Value)
	}
	for _, s := range c.Secrets {
		_, name, found := strings.Cut(s.ValueFrom, ":parameter")
		require.True(k.t, found, s.ValueFrom)
		arguments = append(arguments, s.Name+"="+k.parameter(name))
	}
	arguments = append(arguments, "/usr/sbin/chroot", "--userspec="+c.User, "--groups=", k.image)
	return k.exec(append(arguments, command...))
}

// parameter reads a parameter as ECS does before it starts a container.
func (k *ecsTask) parameter(name string) string {
	k.t.Helper()
	config := k.aws.AWSConfig(k.t.Context())
	config.HTTPClient, config.BaseEndpoint = inProcess{k.aws}, aws.String("https://"+publicSSM)
	out, err := ssm.NewFromConfig(config).GetParameter(k.t.Context(), &ssm.GetParameterInput{Name: &name})
	require.NoError(k.t, err)
	return *out.Parameter.Value
}

// startHealthy starts the collector and waits until ECS would call it HEALTHY.
func (k *ecsTask) startHealthy(extra ...string) *process {
	k.t.Helper()
	c := k.containers["collector"]
	collector := k.start(c, append([]string{"otelcol-cloudwatch"}, c.Command...), extra...)
	check := c.HealthCheck.Command
	require.Equal(k.t, "CMD", check[0])
	await(k.t, "the health check of the task definition", func() bool {
		require.True(k.t, collector.running(), "the collector ended")
		return k.start(c, check[1:], extra...).wait() == nil
	})
	return collector
}

// stopped ends a container as ECS does: SIGTERM, and after its stopTimeout SIGKILL, which must not be necessary.
func (k *ecsTask) stopped(p *process, c ecsContainer) {
	k.t.Helper()
	require.NoError(k.t, p.command.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.ended:
		require.NoError(k.t, p.err, "the end of %s", c.Name)
	case <-time.After(time.Duration(c.StopTimeout) * time.Second):
		k.t.Fatalf("%s did not end within its stopTimeout of %d s", c.Name, c.StopTimeout)
	}
}

// send gives the collector a record over OTLP, from another container of the task.
func (k *ecsTask) send(client *http.Client, body string) {
	k.t.Helper()
	request := fmt.Sprintf(`{"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeLogs": [{"logRecords": [{"timeUnixNano": "%d", "body": {"stringValue": %q}}]}]}]}`,
		time.Now().UnixNano(), body)
	await(k.t, "the collector to take "+body, func() bool {
		answer, err := client.Post("http://127.0.0.1:4318/v1/logs", "application/json", strings.NewReader(request))
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// busy is an application that writes lines until SIGTERM, and then the most of them. It says how many there were.
const busy = `i=0; stop=; trap stop=1 TERM
while [ -z "$stop" ]; do
	pause=$((i+50)); while [ $i -lt $pause ]; do echo "line $i"; i=$((i+1)); done
	sleep 0.05
done >> "$1"
end=$((i+20000)); while [ $i -lt $end ]; do echo "line $i"; i=$((i+1)); done >> "$1"
echo "wrote $i"`

// The whole life of a task on Fargate, as its definition says: two network namespaces, the task's and AWS's, with the
// task's metadata and credentials where ECS has them.
func TestECSTaskWithItsSidecar(t *testing.T) {
	t.Parallel()
	k := newECSTask(t, "fargate.json")
	_, err := k.aws.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "PutLogEvents", Probability: .3})
	require.NoError(t, err)
	k.put("/otelcol-cloudwatch/ecs/start", "receivers: {awsecscontainermetrics: {collection_interval: 1s}}")
	k.put("/otelcol-cloudwatch/ecs/live", "exporters: {cloudwatch_logs/otlp: {log_group_name: '/live/{ClusterName}'}}")
	const (
		task  = "158d1c8083dd49d6b527399fd6414f5c"
		files = "/ecs/cloudwatch-local/collector:" + task + "/var/log/app/"
		otlp  = "/live/cloudwatch-local:" + task + "/shop"
	)
	before := k.mark()
	app, sidecar := k.containers["app"], k.containers["collector"]
	require.Len(t, app.DependsOn, 1)
	require.Equal(t, []string{"collector", "HEALTHY"}, []string{app.DependsOn[0].ContainerName, app.DependsOn[0].Condition}, "the order below")
	collector := k.startHealthy()

	// The application of the example, and one that writes much.
	require.Equal(t, []string{"sh", "-c"}, app.Command[:2])
	example := k.exec([]string{"sh", "-c", strings.ReplaceAll(app.Command[2], "/var/log/app", k.volumes["logs"])})
	fast := k.exec([]string{"sh", "-c", busy, "sh", filepath.Join(k.volumes["logs"], "fast.log")})
	client := k.client(k.dialer(from{}), nil)
	const records = 20
	for i := range records {
		k.send(client, fmt.Sprintf("record %d", i))
	}
	await(t, "lines of both", func() bool { return len(k.arrivedIn(files+"app.log")) > 0 && len(k.arrivedIn(files+"fast.log")) > 0 })
	await(t, "metrics of the task", func() bool {
		for _, s := range k.aws.Metrics.Status().Series {
			if s.Namespace == "ECS/ContainerInsights" && s.Name == "CpuUtilized" {
				return true
			}
		}
		return false
	})

	// ECS ends the application first, for it depends on the collector.
	k.stopped(example, app)
	k.stopped(fast, app)
	require.True(t, collector.running())
	began := time.Now()
	k.stopped(collector, sidecar)
	took := time.Since(began)

	// Nothing is awaited any more: it was all there before the collector ended.
	var written int
	_, err = fmt.Sscanf(fast.text(), "wrote %d", &written)
	require.NoError(t, err, fast.text())
	lines := k.arrivedIn(files + "fast.log")
	for i := range written {
		require.Equal(t, 1, lines[fmt.Sprintf("line %d", i)], "times that line %d of %d arrived", i, written)
	}
	assert.Len(t, lines, written)
	last, ended := "", 0
	for line, times := range k.arrivedIn(files + "app.log") {
		assert.Equal(t, 1, times, line)
		if strings.HasSuffix(line, ": the end") {
			last = line
			ended++
		}
	}
	assert.Equal(t, 1, ended, "the application's last line is there: %q", last)
	bodies := map[string]int{}
	for message, times := range k.arrivedIn(otlp) {
		var record struct{ Body string }
		require.NoError(t, json.Unmarshal([]byte(message), &record))
		bodies[record.Body] += times
	}
	assert.Len(t, bodies, records, "in the group that the live layer names")
	for body, times := range bodies {
		assert.Equal(t, 1, times, body)
	}
	assert.Positive(t, k.arrived.requestsAt(taskEndpoint))
	before.onlyUsed(linkPrivate)
	assert.Empty(t, k.aws.Metrics.Status().InvalidEMF)
	t.Logf("%d lines, the last 20000 while the application ended; the collector ended %s after it", written, took.Round(time.Millisecond))
}

// The DAEMON service sees the instance below /hostfs: files that are root's alone, by the instance's paths, and the
// instance's file systems.
func TestECSDaemonSeesTheInstance(t *testing.T) {
	t.Parallel()
	k := newECSTask(t, "daemon.json")
	logs := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(logs, "ecs"), 0o700))
	for file, line := range map[string]string{"messages": "from the system", "ecs/ecs-agent.log": "from the agent"} {
		require.NoError(t, os.WriteFile(filepath.Join(logs, file), []byte(line+"\n"), 0o600))
	}
	k.put("/otelcol-cloudwatch/ecs/daemon", "receivers: {host_metrics: {collection_interval: 1s}}")
	before := k.mark()
	collector := k.startHealthy(logs, "/hostfs/var/log", "ro")
	host, err := os.Hostname()
	require.NoError(t, err)
	await(t, "the instance's lines", func() bool {
		return k.arrivedIn("/otelcol-cloudwatch/host:" + host + "/var/log/messages")["from the system"] == 1 &&
			k.arrivedIn("/otelcol-cloudwatch/host:" + host + "/var/log/ecs/ecs-agent.log")["from the agent"] == 1
	})
	measured := map[string]bool{}
	await(t, "metrics", func() bool {
		for _, s := range k.aws.Metrics.Status().Series {
			measured[s.Name] = true
			for _, d := range s.Dimensions {
				if d.Name == "mountpoint" {
					require.NotContains(t, d.Value, "/hostfs", "mount points are the instance's")
				}
			}
		}
		// A file system of a kind that host.yaml counts is not on every machine.
		return measured["system.cpu.utilization"] && measured["system.memory.usage"] && measured["system.network.io"]
	})
	k.stopped(collector, k.containers["collector"])
	before.onlyUsed(linkPrivate)
	assert.Empty(t, k.aws.Metrics.Status().InvalidEMF)
}
