package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// The pods of the tests' node.
var (
	cart   = pod{namespace: "shop", name: "cart-6d4cf56db6-x2x9z", uid: "8a3f2c1e-0000-4000-8000-000000000001", container: "app", owner: "ReplicaSet/cart-6d4cf56db6", image: "registry.example/cart:1.2", labels: map[string]string{"app.kubernetes.io/name": "cart", "pod-template-hash": "6d4cf56db6"}}
	ledger = pod{namespace: "bank", name: "ledger-0", uid: "8a3f2c1e-0000-4000-8000-000000000002", container: "db.main", owner: "StatefulSet/ledger", image: "registry.example/ledger:3"}
	proxy  = pod{namespace: "kube-system", name: "kube-proxy-n1", uid: "0123456789abcdef0123456789abcdef", container: "kube-proxy", owner: "DaemonSet/kube-proxy", image: "registry.example/kube-proxy:1"}
)

const testNode = "n1"

// onNode prepares a collector as it runs on a node, and says where the node's logs of pods are.
func onNode(t *testing.T, server *awslocal.Server, pods ...pod) (s *setup, api *apiServer, logs string) {
	t.Helper()
	logs = filepath.Join(t.TempDir(), "pods")
	api = serveKubernetes(t, testNode, pods...)
	s = newSetup(t, server, logs+"/*/*/*.log", logs+"/*/*/*.log.*")
	s.configs = []string{"kubernetes.yaml", "local.yaml"}
	s.env["OTELCOL_CLOUDWATCH_LOG_EXCLUDE"] = `["**/*.gz", "**/*.tmp", "` + logs + `/*/otelcol-cloudwatch/*"]`
	s.env["OTELCOL_CLOUDWATCH_ROOT_PATH"] = "/"
	s.env["OTELCOL_CLOUDWATCH_ALIVE_ENDPOINT"] = freeAddress(t)
	s.env["OTELCOL_CLOUDWATCH_NODE"] = testNode
	s.env["OTEL_RESOURCE_ATTRIBUTES"] = "k8s.cluster.name=c1,k8s.node.name=" + testNode + ",host.name=" + testNode
	s.env["OTELCOL_CLOUDWATCH_KUBERNETES_AUTH"] = "kubeConfig"
	s.env["KUBECONFIG"] = api.kubeConfig(t)
	return s, api, logs
}

// containerEvent is an event as format json writes it.
type containerEvent struct {
	Body       string            `json:"body"`
	Attributes map[string]string `json:"attributes"`
	Resource   map[string]string `json:"resource"`
}

// eventsOf are what arrived of a pod's container.
func (r *reader) eventsOf(p pod) (events []containerEvent) {
	r.t.Helper()
	in := r.in("/otelcol-cloudwatch/c1/" + p.namespace)
	stream := p.name + "/" + p.container
	for _, s := range in.streams() {
		if s != stream {
			continue
		}
		for _, message := range in.messages(stream) {
			var e containerEvent
			require.NoError(r.t, json.Unmarshal([]byte(message), &e), "message %q", message)
			events = append(events, e)
		}
	}
	return events
}

// linesOf are the numbers of the lines that arrived of a pod's container.
func (r *reader) linesOf(p pod) (numbers []int) {
	r.t.Helper()
	for _, e := range r.eventsOf(p) {
		var number int
		_, err := fmt.Sscanf(e.Body, "line %d ", &number)
		require.NoError(r.t, err, "body %q", e.Body)
		require.Len(r.t, e.Body, len("line 00000000 ")+lineBytes)
		numbers = append(numbers, number)
	}
	return numbers
}

func bodies(events []containerEvent) (texts []string) {
	for _, e := range events {
		texts = append(texts, e.Body)
	}
	return texts
}

func TestContainersOfEachNamespaceHaveAGroupAndTheirPodsAttributes(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, api, logs := onNode(t, server, cart, ledger, proxy)
	inDocker := logOf(t, logs, ledger)
	inDocker.docker = true
	logOf(t, logs, cart).print("stdout", "added a book")
	inDocker.print("stderr", "out of money")
	logOf(t, logs, proxy).print("stdout", "I0102 rules")
	// Our own, which would have us write about what we write.
	logOf(t, logs, pod{namespace: "o", name: "otelcol-cloudwatch-abcde", uid: "8", container: "otelcol-cloudwatch"}).print("stderr", "ours")
	collector := setup.startHealthy()
	await(t, "the lines", func() bool { return counted(server) == 3 })
	await(t, "metrics", func() bool { return len(server.Metrics.Status().Series) > 0 })
	collector.stop()

	resource := func(p pod, owner, image, service string) map[string]string {
		kind, name, _ := strings.Cut(owner, "/")
		return map[string]string{
			"k8s.cluster.name": "c1", "k8s.node.name": testNode, "host.name": testNode, "os.type": "linux", "service.name": service,
			"k8s.namespace.name": p.namespace, "k8s.pod.name": p.name, "k8s.pod.uid": p.uid, "k8s.container.name": p.container, "k8s.container.restart_count": "0",
			kind: name, "container.image.name": image,
		}
	}
	reader := newReader(t, server)
	assert.Equal(t, []containerEvent{{"added a book", map[string]string{"log.iostream": "stdout"}, resource(cart, "k8s.deployment.name/cart", "registry.example/cart", "cart")}}, reader.eventsOf(cart))
	assert.Equal(t, []containerEvent{{"out of money", map[string]string{"log.iostream": "stderr"}, resource(ledger, "k8s.statefulset.name/ledger", "registry.example/ledger", "ledger")}}, reader.eventsOf(ledger))
	assert.Equal(t, []containerEvent{{"I0102 rules", map[string]string{"log.iostream": "stdout"}, resource(proxy, "k8s.daemonset.name/kube-proxy", "registry.example/kube-proxy", "kube-proxy")}}, reader.eventsOf(proxy))
	assert.Empty(t, api.refused, "what the service account of the chart may not ask")
	assert.Zero(t, setup.logged("error"), "errors in the log")
}

func TestPiecesOfALineAreJoined(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, _, logs := onNode(t, server, cart, ledger)
	text := strings.Repeat("The quick brown fox jumps over \"the\" lazy dög. ", 1000) // 49,000 bytes: three whole pieces and a bit
	want := []string{
		"before",
		text,
		strings.Repeat("x", 16<<10), // exactly one piece
		"2026-01-02T03:04:05.000000000Z stdout P what a program prints that shows a log of CRI",
		`{"log":"nor is this a line of docker's\n","stream":"stdout"}`,
		"  two blanks before, one behind ",
		"after",
	}
	for _, docker := range []bool{false, true} {
		l := logOf(t, logs, cart)
		if docker {
			l = logOf(t, logs, ledger)
			l.docker = true
		}
		l.print("stdout", want...)
		l.print("stdout", "", "after an empty line")
	}
	collector := setup.startHealthy()
	await(t, "the lines", func() bool { return counted(server) == 2*(len(want)+2) })
	collector.stop()
	reader := newReader(t, server)
	want = append(want, "", "after an empty line")
	assert.Equal(t, want, bodies(reader.eventsOf(cart)), "CRI")
	assert.Equal(t, want, bodies(reader.eventsOf(ledger)), "docker")
}

// A line that takes long to be written is not divided by that, unless it takes longer than force_flush_period.
func TestALineThatIsBeingWrittenIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, _, logs := onNode(t, server, cart)
	l := logOf(t, logs, cart)
	l.print("stdout", "first")
	l.append(l.record("stdout", "begin ", false))
	collector := setup.startHealthy()
	await(t, "the first line", func() bool { return counted(server) == 1 })
	l.append(l.record("stdout", "middle ", false))
	l.append(l.record("stdout", "end", true))
	await(t, "the second line", func() bool { return counted(server) == 2 })
	collector.stop()
	assert.Equal(t, []string{"first", "begin middle end"}, bodies(newReader(t, server).eventsOf(cart)))
}

// What is no line of a runtime, or one that a crash cut off, arrives as it is.
func TestWhatIsInNoFormatArrivesAsItIs(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, _, logs := onNode(t, server, cart)
	l := logOf(t, logs, cart)
	l.print("stdout", "first")
	l.append(l.record("stdout", "of one stream, ", false))
	l.append(l.record("stderr", "a line of the other", true))
	l.append(l.record("stdout", "and its end", true))
	l.append(`{"log":"broken`)
	collector := setup.startHealthy()
	await(t, "the lines", func() bool { return counted(server) == 4 })
	collector.stop()
	assert.Equal(t, []string{"first", "of one stream, \na line of the other", "and its end", `{"log":"broken`}, bodies(newReader(t, server).eventsOf(cart)))
}

func TestRotationByTheKubeletLosesNothing(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, _, logs := onNode(t, server, cart, ledger)
	containers := []*containerLog{logOf(t, logs, cart), logOf(t, logs, ledger)}
	containers[1].docker = true
	collector := setup.startHealthy()
	reader := newReader(t, server)
	lines := 0
	for range 5 {
		for _, l := range containers {
			l.number(2_000)
			l.rotate()
			l.number(500)
			lines += 2_500
		}
		await(t, "the lines", func() bool { return counted(server) >= lines })
		for _, l := range containers {
			l.compress()
		}
	}
	collector.stop()
	requireExactly(t, containers[0].next, reader.linesOf(cart))
	requireExactly(t, containers[1].next, reader.linesOf(ledger))
}

func TestKillOnANodeLosesNothing(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, _, logs := onNode(t, server, cart)
	l := logOf(t, logs, cart)
	l.pieces = 100 // each line is in three pieces
	l.number(10_000)
	collector := setup.startHealthy()
	for range 3 {
		seen := counted(server)
		await(t, "some more lines", func() bool { return counted(server) > seen })
		collector.kill()
		l.number(2_000)
		l.rotate()
		l.number(2_000)
		collector = setup.startHealthy()
	}
	reader := newReader(t, server)
	missing := func() comparison { return compare(l.next, reader.linesOf(cart)) }
	await(t, "the last line", func() bool { return counted(server) >= l.next && missing().missing == 0 })
	collector.stop()
	got := missing()
	require.Zero(t, got.missing, got)
	t.Logf("%d of %d lines were repeated after three kills", got.repeated, l.next)
}
