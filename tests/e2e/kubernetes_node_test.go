package e2e

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pod is what the API server and the kubelet know of one.
type pod struct {
	namespace, name, uid, container string
	labels                          map[string]string
	owner                           string // KIND/NAME
	image                           string
}

// object is the pod as the API server shows it.
func (p pod) object(node string) map[string]any {
	kind, owner, _ := strings.Cut(p.owner, "/")
	apiVersion := "apps/v1"
	if kind == "Job" {
		apiVersion = "batch/v1"
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{
			"namespace": p.namespace, "name": p.name, "uid": p.uid, "labels": p.labels, "resourceVersion": "1", "creationTimestamp": "2026-01-02T03:04:05Z",
			"ownerReferences": []any{map[string]any{"apiVersion": apiVersion, "kind": kind, "name": owner, "uid": "00000000-0000-0000-0000-00000000000f", "controller": true}},
		},
		"spec":   map[string]any{"nodeName": node, "containers": []any{map[string]any{"name": p.container, "image": p.image}}},
		"status": map[string]any{"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": []any{map[string]any{"name": p.container, "image": p.image, "containerID": "containerd://" + p.uid, "restartCount": 0}}},
	}
}

// apiServer is as much of a Kubernetes API server as a node's collector may use: it lists and watches the pods of its
// own node, and refuses everything else.
type apiServer struct {
	node string
	pods []pod
	url  string

	mu      sync.Mutex
	refused []string
}

func serveKubernetes(t *testing.T, node string, pods ...pod) *apiServer {
	s := &apiServer{node: node, pods: pods}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // the watches
	s.url = server.URL
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if r.Method != http.MethodGet || r.URL.Path != "/api/v1/pods" || query.Get("fieldSelector") != "spec.nodeName="+s.node {
		s.mu.Lock()
		s.refused = append(s.refused, r.Method+" "+r.URL.String())
		s.mu.Unlock()
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`, http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	var objects []any
	for _, p := range s.pods {
		objects = append(objects, p.object(s.node))
	}
	if query.Get("watch") == "" {
		_ = out.Encode(map[string]any{"apiVersion": "v1", "kind": "PodList", "metadata": map[string]any{"resourceVersion": "1"}, "items": objects}) // to whoever is still there
		return
	}
	if query.Get("sendInitialEvents") == "true" {
		for _, o := range objects {
			_ = out.Encode(map[string]any{"type": "ADDED", "object": o})
		}
		_ = out.Encode(map[string]any{"type": "BOOKMARK", "object": map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{
			"resourceVersion": "1", "annotations": map[string]any{"k8s.io/initial-events-end": "true"}}}})
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// kubeConfig writes the file with which a client finds the server.
func (s *apiServer) kubeConfig(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: %q}}],
contexts: [{name: c, context: {cluster: c, user: c}}], users: [{name: c, user: {token: t}}]}`, s.url)), 0o600))
	return path
}

// containerLog writes a container's log as a runtime and the kubelet do.
type containerLog struct {
	t    *testing.T
	dir  string
	at   time.Time
	next int // the number of the next line
	// pieces is how many bytes of a line the runtime writes at once.
	pieces int
	docker bool
}

// logOf is the log of a pod's container, below the node's folder of pods.
func logOf(t *testing.T, pods string, p pod) *containerLog {
	dir := filepath.Join(pods, p.namespace+"_"+p.name+"_"+p.uid, p.container)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return &containerLog{t: t, dir: dir, at: time.Now().Add(-time.Hour).Truncate(time.Microsecond), pieces: 16 << 10}
}

func (l *containerLog) path() string { return filepath.Join(l.dir, "0.log") }

// print writes lines of one stream.
func (l *containerLog) print(stream string, lines ...string) {
	l.t.Helper()
	var out strings.Builder
	for _, line := range lines {
		for last := false; !last; {
			n := min(len(line), l.pieces)
			last = n == len(line)
			l.at = l.at.Add(time.Microsecond)
			out.WriteString(l.record(stream, line[:n], last))
			line = line[n:]
		}
	}
	l.append(out.String())
}

// record is one piece of a line in the runtime's format.
func (l *containerLog) record(stream, text string, last bool) string {
	stamp := l.at.UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
	if l.docker {
		if last {
			text += "\n"
		}
		record, err := json.Marshal(map[string]string{"log": text, "stream": stream, "time": stamp}) // in Docker's order
		require.NoError(l.t, err)
		return string(record) + "\n"
	}
	tag := "P"
	if last {
		tag = "F"
	}
	return stamp + " " + stream + " " + tag + " " + text + "\n"
}

func (l *containerLog) append(text string) {
	l.t.Helper()
	file, err := os.OpenFile(l.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	require.NoError(l.t, err)
	_, err = file.WriteString(text)
	require.NoError(l.t, err)
	require.NoError(l.t, file.Close())
}

// number prints n numbered lines.
func (l *containerLog) number(n int) {
	l.t.Helper()
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %08d %s", l.next, strings.Repeat("x", lineBytes))
		l.next++
	}
	l.print("stdout", lines...)
}

// rotate does what the kubelet does: the log gets a time as its name's end, and the runtime begins another. That takes
// more than a millisecond. CloudWatch's times have no smaller unit: lines of one millisecond that come from two files
// arrive in any order, as a loaded machine showed.
func (l *containerLog) rotate() {
	l.t.Helper()
	// The kubelet's stamp has seconds; rotations of a test are nearer to each other than that.
	require.NoError(l.t, os.Rename(l.path(), l.path()+"."+time.Now().Add(time.Duration(l.next)*time.Second).Format("20060102-150405")))
	l.append("")
	l.at = l.at.Add(time.Millisecond)
}

// compress does what the kubelet does at the next rotation, ten seconds later or more: what it renamed is compressed.
func (l *containerLog) compress() {
	l.t.Helper()
	rotated, err := filepath.Glob(l.path() + ".*")
	require.NoError(l.t, err)
	for _, name := range rotated {
		if filepath.Ext(name) == ".gz" {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(l.t, err)
		compressed, err := os.Create(name + ".tmp")
		require.NoError(l.t, err)
		w := gzip.NewWriter(compressed)
		_, err = w.Write(text)
		require.NoError(l.t, err)
		require.NoError(l.t, w.Close())
		require.NoError(l.t, compressed.Close())
		require.NoError(l.t, os.Rename(name+".tmp", name+".gz"))
		require.NoError(l.t, os.Remove(name))
	}
}
