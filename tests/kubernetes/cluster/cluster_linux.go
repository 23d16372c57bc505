package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	nodeName = "n1"
	// apiAddress is the first of the services' addresses, which the service kubernetes gets. The API server itself listens
	// there, so that no kube-proxy is needed.
	apiAddress  = "10.96.0.1"
	nodeAddress = "198.51.100.1"
	// patience is how long anything may take on a machine with other things to do.
	patience = 3 * time.Minute
)

// cluster is one node with everything that a cluster needs.
type cluster struct {
	*testing.T
	bin, dir string
	group    string // control group
	client   kubernetes.Interface
	config   *rest.Config
	logs     *cloudwatchlogs.Client
	// ended is a program that should run until the end and did not.
	ended *atomic.Pointer[string]
}

// start starts a cluster in this process' namespaces. Its programs end with the process.
func start(t *testing.T, bin, dir, group string) *cluster {
	t.Helper()
	c := &cluster{T: t, bin: bin, dir: dir, group: group, ended: new(atomic.Pointer[string])}
	a, err := newAuthority(dir)
	require.NoError(t, err)
	require.NoError(t, a.serviceAccountKey())
	for _, issue := range []struct {
		file, user, group string
		hosts             []string
	}{
		{"api-server", "kube-apiserver", "system:masters", []string{apiAddress, nodeAddress, "kubernetes.default.svc"}},
		{"admin", "admin", "system:masters", nil},
		{"controllers", "system:kube-controller-manager", "", nil},
		{"scheduler", "system:kube-scheduler", "", nil},
		{"kubelet", "system:node:" + nodeName, "system:nodes", []string{nodeName, nodeAddress}},
	} {
		require.NoError(t, a.issue(issue.file, issue.user, issue.group, issue.hosts...))
		require.NoError(t, a.kubeConfig(issue.file))
	}
	c.config, err = clientcmd.BuildConfigFromFlags("", a.path("admin.kubeconfig"))
	require.NoError(t, err)
	c.client, err = kubernetes.NewForConfig(c.config)
	require.NoError(t, err)

	c.run("etcd", "--data-dir="+a.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379", "--listen-peer-urls=http://127.0.0.1:2380")
	c.containers()
	c.run(bin+"/kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", "--secure-port=443", "--advertise-address="+nodeAddress,
		"--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--client-ca-file="+a.path("ca.crt"), "--tls-cert-file="+a.path("api-server.crt"), "--tls-private-key-file="+a.path("api-server.key"),
		"--kubelet-preferred-address-types=InternalIP", "--kubelet-client-certificate="+a.path("api-server.crt"), "--kubelet-client-key="+a.path("api-server.key"), "--kubelet-certificate-authority="+a.path("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+a.path("service-accounts.key"), "--service-account-signing-key-file="+a.path("service-accounts.key"))
	c.await("the API server", func() bool {
		_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background())
		return err == nil
	})
	c.run(bin+"/kube-controller-manager", "--kubeconfig="+a.path("controllers.kubeconfig"), "--leader-elect=false",
		"--use-service-account-credentials", "--service-account-private-key-file="+a.path("service-accounts.key"), "--root-ca-file="+a.path("ca.crt"))
	c.run(bin+"/kube-scheduler", "--kubeconfig="+a.path("scheduler.kubeconfig"), "--leader-elect=false")
	c.kubelet(a)
	c.await("the node", func() bool {
		node, err := c.client.CoreV1().Nodes().Get(context.Background(), nodeName, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue
			}
		}
		return false
	})
	return c
}

// run starts a program whose output goes to a file of its name.
func (c *cluster) run(program string, arguments ...string) {
	c.Helper()
	name := filepath.Base(program)
	log, err := os.Create(filepath.Join(c.dir, name+".log"))
	require.NoError(c, err)
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = log, log
	require.NoError(c, command.Start())
	go func() {
		err := command.Wait()
		fmt.Fprintf(log, "ended: %v\n", err)
		c.ended.Store(&name)
	}()
	c.Cleanup(func() {
		if c.Failed() {
			c.Logf("%s ended with:\n%s", name, tail(log.Name(), 15))
		}
	})
}

// tail is a file's last lines.
func tail(path string, lines int) string {
	text, _ := os.ReadFile(path)
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (c *cluster) write(name, text string) string {
	c.Helper()
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(c.dir, name)
	}
	require.NoError(c, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(c, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// containers starts containerd with the images that were made.
func (c *cluster) containers() {
	c.Helper()
	c.write("/etc/cni/net.d/10-bridge.conflist", `{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.97.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}`)
	config := c.write("containerd.toml", `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pod:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native" # works on every file system
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`)
	c.run("containerd", "--config="+config)
	c.await("containerd", func() bool { return exec.Command("ctr", "version").Run() == nil })
}

// load puts an image archive into the node.
func (c *cluster) load(archive string) {
	c.Helper()
	out, err := exec.Command("ctr", "--namespace=k8s.io", "images", "import", "--snapshotter=native", archive).CombinedOutput()
	require.NoError(c, err, "%s", out)
}

func (c *cluster) kubelet(a *authority) {
	c.Helper()
	require.NoError(c, makeControlGroup(c.group))
	config := c.write("kubelet.yaml", fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[1]q}}
authorization: {mode: Webhook}
tlsCertFile: %[2]q
tlsPrivateKeyFile: %[3]q
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /%[4]s
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
makeIPTablesUtilChains: false
# A machine that is nearly full is as good as another here.
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, imagefs.available: 1%%, nodefs.inodesFree: 1%%}
imageGCHighThresholdPercent: 100
# Rotation in seconds instead of days.
containerLogMaxSize: 1Mi
containerLogMaxFiles: 5
containerLogMonitorInterval: 3s
`, a.path("ca.crt"), a.path("kubelet.crt"), a.path("kubelet.key"), c.group))
	c.run(c.bin+"/kubelet", "--config="+config, "--kubeconfig="+a.path("kubelet.kubeconfig"), "--hostname-override="+nodeName, "--node-ip="+nodeAddress)
}

// await waits for a condition, with a limit that only a fault reaches.
func (c *cluster) await(what string, condition func() bool) {
	c.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if condition() {
			return
		}
		if name := c.ended.Load(); name != nil {
			c.Fatalf("%s ended before there was %s", *name, what)
		}
	}
	c.Fatalf("waited %s for %s", patience, what)
}
