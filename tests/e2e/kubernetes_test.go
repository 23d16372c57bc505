package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// The pods of the tests' node.
var (
	cart   = pod{namespace: "shop", name: "cart-6d4cf56db6-x2x9z", uid: "8a3f2c1e-0000-4000-8000-000000000001", container: "app", owner: "ReplicaSet/cart-6d4cf56db6", image: "registry.example/cart:1.2", labels: map[string]string{"app.kubernetes.io/name": "cart", "pod-template-hash": "6d4cf56db6"}}
	ledger = pod{namespace: "bank", name: "ledger-0", uid: "8a3f2c1e-0000-4000-8000-000000000002", container: "db.main", owner: "StatefulSet/ledger", image: "registry.example/ledger:3"}
	proxy  = pod{namespace: "kube-system", name: "kube-proxy-n1", uid: "0123456789abcdef0123456789abcdef", container: "kube-proxy", owner: "DaemonSet/kube-proxy", image: "registry.example/kube-proxy:1"}
)

const testNode = "n1"

// onNode prepares a collector as the manifests run it on a node, and says where the node's logs of pods are.
func onNode(t *testing.T, server *awslocal.Server, pods ...pod) (s *setup, api *apiServer, logs string) {
	t.Helper()
	return onNodeAs(t, manifests+"otelcol-cloudwatch.yaml", server, pods...)
}

// onNodeAs does it as other objects say. What is different from a pod: paths, ports, where AWS and the API server are.
func onNodeAs(t *testing.T, objects string, server *awslocal.Server, pods ...pod) (s *setup, api *apiServer, logs string) {
	t.Helper()
	logs = filepath.Join(t.TempDir(), "pods")
	api = serveKubernetes(t, testNode, pods...)
	r := readRendered(t, objects)
	s = newSetup(t, server, logs+"/*/*/*.log", logs+"/*/*/*.log.*")
	folder, configs := r.mount(t)
	s.configs = configs
	for name, value := range r.env {
		if _, ours := s.env[name]; !ours {
			s.env[name] = strings.NewReplacer("/var/log/pods", logs, configFolder, folder).Replace(value)
		}
	}
	s.env["OTELCOL_CLOUDWATCH_ROOT_PATH"] = "/"
	s.env["OTELCOL_CLOUDWATCH_ALIVE_ENDPOINT"] = ports.FreeAddress(t)
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
	in := r.in("/otelcol-cloudwatch/kubernetes/" + p.namespace)
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
	for variable, what := range map[string]string{"HEALTH": "readiness", "ALIVE": "liveness"} {
		answer, err := http.Get("http://" + setup.env["OTELCOL_CLOUDWATCH_"+variable+"_ENDPOINT"] + "/")
		require.NoError(t, err, what)
		answer.Body.Close()
		assert.Equal(t, http.StatusOK, answer.StatusCode, what)
	}
	collector.stop()

	resource := func(p pod, owner, image, service string) map[string]string {
		kind, name, _ := strings.Cut(owner, "/")
		return map[string]string{
			"k8s.cluster.name": "kubernetes", "k8s.node.name": testNode, "host.name": testNode, "os.type": "linux", "service.name": service,
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
	for range 3 {
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

// What needs a person makes the pod unready, so that an update stops at the first node. It is no reason to restart it.
func TestAPodThatMayNotWriteIsUnreadyAndAlive(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{Faults: []faults.Rule{{Kind: faults.AccessDenied, Operation: putLogEvents}}})
	setup, _, logs := onNode(t, server, cart)
	logOf(t, logs, cart).number(100)
	setup.configs = append(setup.configs, "yaml:extensions::healthcheckv2::component_health::recovery_duration: 100ms")
	setup.start()
	status := func(variable string) int {
		answer, err := http.Get("http://" + setup.env["OTELCOL_CLOUDWATCH_"+variable+"_ENDPOINT"] + "/")
		if err != nil {
			return 0
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	await(t, "a refusal", func() bool { return server.Calls("logs", "PutLogEvents") > 0 })
	await(t, "the end of the start", func() bool { return status("ALIVE") == http.StatusOK })
	await(t, "not ready", func() bool {
		return status("HEALTH") == http.StatusServiceUnavailable || status("HEALTH") == http.StatusInternalServerError
	})
	assert.Equal(t, http.StatusOK, status("ALIVE"))
}

func TestLinesOfOneRecordStayTogether(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	setup, _, logs := onNodeAs(t, variants+"multi-line.yaml", server, cart, ledger)
	long := "  at " + strings.Repeat("x", 40_000)
	records := [][]string{
		{"2026-01-02 03:04:05 ERROR no book", "java.lang.NoBook: none", "\tat shop.Cart.add(Cart.java:12)", "", long},
		{"2026-01-02 03:04:06 INFO a book"},
	}
	var want []string
	for _, docker := range []bool{false, true} {
		l := logOf(t, logs, cart)
		if docker {
			l = logOf(t, logs, ledger)
			l.docker = true
		}
		want = nil
		for _, lines := range records {
			l.print("stdout", lines...)
			want = append(want, strings.Join(lines, "\n"))
		}
	}
	collector := setup.startHealthy()
	await(t, "the records", func() bool { return counted(server) == 2*len(want) })
	collector.stop()
	reader := newReader(t, server)
	assert.Equal(t, want, bodies(reader.eventsOf(cart)), "CRI")
	assert.Equal(t, want, bodies(reader.eventsOf(ledger)), "docker")
}

func TestAClusterOutsideAWSTakesARoleWithItsToken(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{Region: "eu-central-1"})
	setup, _, logs := onNodeAs(t, variants+"outside-aws-oidc.yaml", server, cart)
	delete(setup.env, "AWS_ACCESS_KEY_ID")
	delete(setup.env, "AWS_SECRET_ACCESS_KEY")
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(fmt.Sprintf(
		`{"iss":"https://issuer.example","sub":"system:serviceaccount:otelcol-cloudwatch:otelcol-cloudwatch","aud":["sts.amazonaws.com"],"exp":%d}`, time.Now().Add(time.Hour).Unix()))) + "." + encode([]byte("signature"))
	setup.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = filepath.Join(t.TempDir(), "token") // the projected volume's
	require.NoError(t, os.WriteFile(setup.env["AWS_WEB_IDENTITY_TOKEN_FILE"], []byte(token), 0o600))
	logOf(t, logs, cart).print("stdout", "by a role")
	collector := setup.startHealthy()
	await(t, "the line", func() bool { return counted(server) == 1 })
	collector.stop()
	assert.NotZero(t, server.Calls("sts", "AssumeRoleWithWebIdentity"))
	// format: raw
	assert.Equal(t, []string{"by a role"}, newReader(t, server).in("/otelcol-cloudwatch/cellar/shop").messages(cart.name+"/"+cart.container))
}

func TestNamespacesThatAreLeftOutAre(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{Region: "eu-central-1"})
	setup, _, logs := onNodeAs(t, variants+"eks-irsa.yaml", server, cart, proxy)
	logOf(t, logs, proxy).print("stdout", "left out")
	logOf(t, logs, cart).print("stdout", "sent")
	collector := setup.startHealthy()
	await(t, "the line", func() bool { return counted(server) == 1 })
	collector.stop()
	assert.Empty(t, newReader(t, server).in("/otelcol-cloudwatch/shop-prod/kube-system").streams())
}

// Every variant of the chart makes a configuration that the collector takes.
func TestRenderedConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, variants, "*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".values.yaml") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := awslocal.Serve(t, awslocal.Options{})
			setup, _, _ := onNodeAs(t, variants+name, server, cart)
			setup.configs = slices.DeleteFunc(setup.configs, func(config string) bool { return strings.HasPrefix(config, "ssm:") })
			out, err := setup.run("validate")
			require.NoError(t, err, out)
		})
	}
}
