package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	root        = "../../.."
	chart       = root + "/distributions/kubernetes/chart"
	namespace   = "otelcol-cloudwatch"
	release     = "otelcol-cloudwatch"
	clusterName = "cellar"
	prefix      = "/otelcol-cloudwatch"
	// kubernetesVersion is what the programs say that they are; go.mod has it, too.
	kubernetesVersion = "v1.32.2"
	podImage          = "docker.io/library/pod:1"
	repository        = "otelcol-cloudwatch/otelcol-cloudwatch"
	before            = "0.0.1"
	after             = "0.0.2"
	// inside is set in the namespaces.
	inside = "OTELCOL_CLOUDWATCH_CLUSTER_INSIDE"
)

// why is why no test can be run.
var why string

func TestMain(m *testing.M) {
	flag.Parse()
	if why = missing(); why != "" || os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	code, err := prepareAndRun()
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	os.Exit(code)
}

// prepareAndRun builds what the cluster is made of, and runs the tests in namespaces.
func prepareAndRun() (int, error) {
	if os.Getenv("OTELCOL_CLOUDWATCH_BIN") == "" {
		return 0, errors.New("set OTELCOL_CLOUDWATCH_BIN to the folder of `make build`")
	}
	build, err := filepath.Abs(root + "/build/kubernetes-cluster")
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for folder, packages := range map[string][]string{".": {"tool", "./pod"}, "..": {"tool"}} {
		command := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=" + kubernetesVersion, "-o", build + "/bin/"}, packages...)...)
		command.Dir = folder
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build the cluster's programs: %w\n%s", err, out)
		}
	}
	fmt.Printf("the cluster's programs were built in %s\n", time.Since(began).Round(time.Second))
	dir := build + "/run"
	if err := os.RemoveAll(dir); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	// One program as two versions, as one image archive each.
	programs, err := filepath.Abs(os.Getenv("OTELCOL_CLOUDWATCH_BIN"))
	if err != nil {
		return 0, err
	}
	for _, version := range []string{before, after} {
		command := exec.Command("go", "run", "./distributions/container/pack", "-version="+version, "-out="+imageOf(dir, version), "-binary="+runtime.GOOS+"/"+runtime.GOARCH+"="+programs+"/otelcol-cloudwatch")
		command.Dir = root
		command.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=0")
		if out, err := command.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build the collector's image: %w\n%s", err, out)
		}
	}
	group := fmt.Sprintf("otelcol-cloudwatch-test-%d", os.Getpid())
	defer removeControlGroup(group)
	code, err := rerun(inside+"="+build, "OTELCOL_CLOUDWATCH_BIN="+programs, "OTELCOL_CLOUDWATCH_CLUSTER_GROUP="+group)
	if code == 0 && err == nil {
		err = os.RemoveAll(dir + "/node") // the programs' logs stay
	}
	return code, err
}

func imageOf(dir, version string) string { return dir + "/otelcol-cloudwatch-" + version + ".tar" }

func TestTheChartInACluster(t *testing.T) {
	if why != "" {
		t.Skip(why)
	}
	build, programs := os.Getenv(inside), os.Getenv("OTELCOL_CLOUDWATCH_BIN")
	dir := build + "/run"
	require.NoError(t, settle(dir))
	began := time.Now()
	c := start(t, build+"/bin", dir, os.Getenv("OTELCOL_CLOUDWATCH_CLUSTER_GROUP"))
	t.Logf("the cluster started in %s", time.Since(began).Round(time.Second))
	require.NoError(t, writeImage(dir+"/pod.tar", podImage, build+"/bin/pod", "pod"))
	c.load(dir + "/pod.tar")
	c.load(imageOf(dir, before))
	c.load(imageOf(dir, after))
	c.startAWS(programs)
	c.Cleanup(func() {
		if c.Failed() {
			c.Log(c.describe())
		}
	})

	// Each step goes on with what the one before it left.
	step := func(name string, do func(c *cluster)) {
		t.Helper()
		passed := t.Run(name, func(t *testing.T) {
			began := time.Now()
			of := *c
			of.T = t
			do(&of)
			t.Logf("%s", time.Since(began).Round(time.Second))
		})
		if !passed {
			t.FailNow()
		}
	}

	var cart, ledger *workload
	writeOn := func(c *cluster) {
		cart.cluster, ledger.cluster = c, c
		cart.begin("20ms")
		ledger.begin("50ms")
	}
	allOnce := func(c *cluster) {
		c.Helper()
		cart.cluster, ledger.cluster = c, c
		cart.arrivedOnce()
		ledger.arrivedOnce()
	}

	step("helm installs the chart, and the DaemonSet becomes ready", func(c *cluster) {
		_, err := c.client.CoreV1().Namespaces().Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
		require.NoError(c, err)
		_, err = c.client.CoreV1().Secrets(namespace).Create(context.Background(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "aws"}, StringData: map[string]string{"aws_access_key_id": accessKeyID, "aws_secret_access_key": secretKey},
		}, metav1.CreateOptions{})
		require.NoError(c, err)
		c.write("values.yaml", `
cluster: `+clusterName+`
region: `+region+`
image: {repository: `+repository+`, tag: `+before+`, pullPolicy: Never}
credentials: {source: secret, secret: {name: aws}}
metrics: {interval: 5s}
extraEnv: [{name: AWS_ENDPOINT_URL, value: "`+awsURL+`"}]
`)
		c.helm("install", "--create-namespace")
		c.rolledOut(before)
	})
	step("its service account may list and watch pods, and nothing else", mayOnlySeePods)
	step("every line arrives once, with its pod's attributes, in its namespace's group", func(c *cluster) {
		cart, ledger = c.deploy("shop", "cart", false), c.deploy("bank", "ledger", true)
		writeOn(c)
		c.await("a long line", func() bool { return cart.end() > 60 || resume(cart, "20ms") })
		allOnce(c)
		hasAttributes(c, cart, map[string]string{"k8s.deployment.name": "cart", "service.name": "cart"})
		hasAttributes(c, ledger, map[string]string{"k8s.statefulset.name": "ledger", "service.name": "ledger"})
		words := c.deploy("words", "words", false)
		words.post("print?stream=stderr", "to stderr\n")
		c.await("the line of stderr", func() bool { return c.last(words.group(), words.stream()) == "to stderr" })
		events := c.events(words.group(), words.stream())
		assert.Equal(c, map[string]string{"log.iostream": "stderr"}, events[0].Attributes)
	})
	step("rotation by the kubelet loses nothing", func(c *cluster) {
		cart.cluster = c
		cart.begin("1ms")
		c.await("three rotations", func() bool { return len(cart.rotations()) > 3 })
		allOnce(c)
		compressed := slices.DeleteFunc(cart.rotations(), func(name string) bool { return !strings.HasSuffix(name, ".gz") })
		assert.NotEmpty(c, compressed, "the kubelet compresses what it set aside")
	})
	step("the node's metrics arrive", nodeMetrics)
	step("a rolling update loses and repeats nothing", func(c *cluster) {
		writeOn(c)
		c.helm("upgrade", "--set=image.tag="+after)
		c.rolledOut(after)
		allOnce(c)
	})
	step("a deleted pod of the collector loses and repeats nothing", func(c *cluster) {
		writeOn(c)
		first := c.collector()
		require.NoError(c, c.client.CoreV1().Pods(namespace).Delete(context.Background(), first.Name, metav1.DeleteOptions{}))
		c.await("another pod", func() bool { next := c.collector(); return next != nil && next.UID != first.UID })
		c.rolledOut(after)
		allOnce(c)
	})
	step("a changed configuration is live without a restart, and loses and repeats nothing", func(c *cluster) {
		writeOn(c)
		first := c.collector()
		began := time.Now()
		c.helm("upgrade", "--set=image.tag="+after, `--set-string=logs.firstLine=\d{4}-\d\d-\d\d`)
		record := func() bool {
			return strings.Contains(c.last(cart.group(), cart.stream()), "failed\n\tat first\n\tat second")
		}
		c.await("a record of several lines", record)
		c.Logf("live after %s", time.Since(began).Round(time.Second))
		allOnce(c)
		last := c.collector()
		assert.Equal(c, first.UID, last.UID, "another pod")
		assert.Zero(c, last.Status.ContainerStatuses[0].RestartCount)
	})
}

// resume lets a workload go on, and is false.
func resume(w *workload, pause string) bool {
	w.begin(pause)
	return false
}

// helm installs or upgrades the release with the values that were written, and with more.
func (c *cluster) helm(verb string, arguments ...string) {
	c.Helper()
	command := exec.Command(c.bin+"/helm", append([]string{verb, release, chart, "--namespace=" + namespace, "--values=" + c.dir + "/values.yaml", "--wait"}, arguments...)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.dir+"/admin.kubeconfig", "HELM_CACHE_HOME="+c.dir+"/helm", "HELM_CONFIG_HOME="+c.dir+"/helm", "HELM_DATA_HOME="+c.dir+"/helm")
	out, err := command.CombinedOutput()
	require.NoError(c, err, "helm %s: %s", verb, out)
}

// collector is the collector's pod, where there is one that is not about to end.
func (c *cluster) collector() *corev1.Pod {
	pods, err := c.client.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=otelcol-cloudwatch"})
	if err != nil {
		return nil
	}
	for i, pod := range pods.Items {
		if pod.DeletionTimestamp == nil {
			return &pods.Items[i]
		}
	}
	return nil
}

// rolledOut waits until the DaemonSet runs an image everywhere and is available.
func (c *cluster) rolledOut(tag string) {
	c.Helper()
	c.await("the DaemonSet with image "+tag, func() bool {
		d, err := c.client.AppsV1().DaemonSets(namespace).Get(context.Background(), release, metav1.GetOptions{})
		if err != nil || d.Status.ObservedGeneration != d.Generation || d.Status.UpdatedNumberScheduled != 1 || d.Status.NumberAvailable != 1 {
			return false
		}
		pod := c.collector()
		return pod != nil && strings.HasSuffix(pod.Spec.Containers[0].Image, ":"+tag)
	})
	c.Logf("memory of the pod: %s", c.memory())
}

// memory is what the kubelet says the collector's container has.
func (c *cluster) memory() (text string) {
	c.await("the container's memory", func() bool {
		answer, err := c.client.CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes/" + nodeName + "/proxy/stats/summary").DoRaw(context.Background())
		if err != nil {
			return false
		}
		var summary struct {
			Pods []struct {
				Containers []struct {
					Name   string
					Memory struct{ WorkingSetBytes, RSSBytes int64 }
				}
			}
		}
		if json.Unmarshal(answer, &summary) != nil {
			return false
		}
		for _, pod := range summary.Pods {
			for _, container := range pod.Containers {
				if container.Name == "otelcol-cloudwatch" && container.Memory.WorkingSetBytes > 0 {
					text = fmt.Sprintf("working set %d MiB, of which %d MiB are its own", container.Memory.WorkingSetBytes>>20, container.Memory.RSSBytes>>20)
				}
			}
		}
		return text != ""
	})
	return text
}

// mayOnlySeePods asks with a token as the kubelet gives it to the pod.
func mayOnlySeePods(c *cluster) {
	ctx := context.Background()
	token, err := c.client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, c.collector().Spec.ServiceAccountName, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(c, err)
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = token.Status.Token
	client, err := kubernetes.NewForConfig(config)
	require.NoError(c, err)
	core, all := client.CoreV1(), metav1.ListOptions{}

	_, err = core.Pods("").List(ctx, all)
	require.NoError(c, err)
	watch, err := core.Pods("").Watch(ctx, all)
	require.NoError(c, err)
	watch.Stop()
	pod := c.collector().Name
	for what, ask := range map[string]func() error{
		"list secrets":         func() error { _, err := core.Secrets("").List(ctx, all); return err },
		"list its own secrets": func() error { _, err := core.Secrets(namespace).List(ctx, all); return err },
		"get its own secret":   func() error { _, err := core.Secrets(namespace).Get(ctx, "aws", metav1.GetOptions{}); return err },
		"list configurations":  func() error { _, err := core.ConfigMaps(namespace).List(ctx, all); return err },
		"list nodes":           func() error { _, err := core.Nodes().List(ctx, all); return err },
		"list namespaces":      func() error { _, err := core.Namespaces().List(ctx, all); return err },
		"list deployments":     func() error { _, err := client.AppsV1().Deployments("").List(ctx, all); return err },
		"get a pod":            func() error { _, err := core.Pods(namespace).Get(ctx, pod, metav1.GetOptions{}); return err },
		"delete a pod":         func() error { return core.Pods(namespace).Delete(ctx, pod, metav1.DeleteOptions{}) },
		"make a pod": func() error {
			_, err := core.Pods(namespace).Create(ctx, &corev1.Pod{}, metav1.CreateOptions{})
			return err
		},
		"read a pod's log": func() error { return core.Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{}).Do(ctx).Error() },
		"make a token": func() error {
			_, err := core.ServiceAccounts(namespace).CreateToken(ctx, release, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
			return err
		},
		"read the node's kubelet": func() error {
			return core.RESTClient().Get().AbsPath("/api/v1/nodes/" + nodeName + "/proxy/stats/summary").Do(ctx).Error()
		},
	} {
		err := ask()
		assert.True(c, apierrors.IsForbidden(err), "%s: %v", what, err)
	}
}

// hasAttributes compares the resource of everything that arrived of a workload.
func hasAttributes(c *cluster, w *workload, of map[string]string) {
	c.Helper()
	want := map[string]string{
		"k8s.cluster.name": clusterName, "k8s.node.name": nodeName, "host.name": nodeName, "os.type": "linux",
		"k8s.namespace.name": w.namespace, "k8s.pod.name": w.pod.Name, "k8s.pod.uid": string(w.pod.UID),
		"k8s.container.name": container, "k8s.container.restart_count": "0", "container.image.name": "docker.io/library/pod",
	}
	for key, value := range of {
		want[key] = value
	}
	for _, e := range c.events(w.group(), w.stream()) {
		if !assert.Equal(c, want, e.Resource) {
			return
		}
	}
}

// nodeMetrics waits for each of the metrics that the node has to have.
func nodeMetrics(c *cluster) {
	type series struct {
		Namespace, Name string
		Dimensions      []struct{ Name, Value string }
	}
	var status struct {
		Metrics struct {
			Series []series
			EMF    struct {
				ParsingErrors    int `json:"parsing_errors"`
				ValidationErrors int `json:"validation_errors"`
			}
		}
	}
	var names []string
	wanted := []string{"cpu", "mem", "disk", "net"}
	c.await("the metrics", func() bool {
		require.NoError(c, c.status(&status))
		names = nil
		for _, s := range status.Metrics.Series {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
		return len(names) > len(wanted)
	})
	slices.Sort(names)
	c.Logf("%d series: %s", len(status.Metrics.Series), strings.Join(names, " "))
}

// describe says what a person would ask kubectl.
func (c *cluster) describe() string {
	var out strings.Builder
	ctx := context.Background()
	pods, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, pod := range pods.Items {
		fmt.Fprintf(&out, "pod %s/%s: %s %s\n", pod.Namespace, pod.Name, pod.Status.Phase, pod.Status.Message)
		for _, s := range pod.Status.ContainerStatuses {
			state, _ := json.Marshal(s.State)
			fmt.Fprintf(&out, "  %s: ready %t, restarts %d, %s\n", s.Name, s.Ready, s.RestartCount, state)
		}
		if pod.Namespace == namespace {
			for _, previous := range []bool{true, false} {
				lines := int64(30)
				if log, err := c.client.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{TailLines: &lines, Previous: previous}).DoRaw(ctx); err == nil {
					fmt.Fprintf(&out, "  log (of the one before: %t):\n%s\n", previous, log)
				}
			}
		}
	}
	events, err := c.client.CoreV1().Events("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return out.String()
	}
	for _, e := range events.Items {
		if e.Type != corev1.EventTypeNormal {
			fmt.Fprintf(&out, "event %s/%s: %s: %s\n", e.InvolvedObject.Namespace, e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
	return out.String()
}
