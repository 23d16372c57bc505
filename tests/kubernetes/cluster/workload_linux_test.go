package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/kubernetes/cluster/writer"
)

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

// workload is one pod that writes logs.
type workload struct {
	*cluster
	namespace, name string
	pod             *corev1.Pod
}

// client waits for no pod for ever.
var client = &http.Client{Timeout: 30 * time.Second}

const container = "writer"

// deploy makes a Deployment, or a StatefulSet, of one writer in a namespace of its own, and waits until it serves.
func (c *cluster) deploy(namespace, name string, stateful bool) *workload {
	c.Helper()
	ctx := context.Background()
	_, err := c.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	require.NoError(c, err)
	labels := map[string]string{"app": name}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: container, Image: podImage, ImagePullPolicy: corev1.PullNever, Args: []string{":8080"},
		}}},
	}
	object := metav1.ObjectMeta{Name: name, Namespace: namespace}
	if stateful {
		_, err = c.client.AppsV1().StatefulSets(namespace).Create(ctx, &appsv1.StatefulSet{ObjectMeta: object, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: template}}, metav1.CreateOptions{})
	} else {
		_, err = c.client.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{ObjectMeta: object, Spec: appsv1.DeploymentSpec{Selector: selector, Template: template}}, metav1.CreateOptions{})
	}
	require.NoError(c, err)
	w := &workload{cluster: c, namespace: namespace, name: name}
	c.await("the pod of "+name, func() bool {
		pods, err := c.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil || len(pods.Items) != 1 || pods.Items[0].Status.PodIP == "" {
			return false
		}
		w.pod = &pods.Items[0]
		answer, err := client.Post(w.url("print"), "", nil)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return true
	})
	return w
}

func (w *workload) url(path string) string {
	return "http://" + w.pod.Status.PodIP + ":8080/" + path
}

func (w *workload) post(path, body string) string {
	w.Helper()
	answer, err := client.Post(w.url(path), "", strings.NewReader(body))
	require.NoError(w, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(w, err)
	require.Equal(w, http.StatusOK, answer.StatusCode, "%s: %s", path, text)
	return string(text)
}

// begin lets it write numbered lines until they are checked.
func (w *workload) begin(pause string) {
	w.Helper()
	w.post("start?pause="+pause, "")
}

// end stops it, and returns the number of lines that it wrote in its life.
func (w *workload) end() int {
	w.Helper()
	n, err := strconv.Atoi(w.post("stop", ""))
	require.NoError(w, err)
	return n
}

func (w *workload) group() string  { return prefix + "/" + clusterName + "/" + w.namespace }
func (w *workload) stream() string { return w.pod.Name + "/" + container }

// arrivedOnce stops it, waits for its last line, and compares everything that arrived with everything that it wrote, in
// order. An event has one line, or the lines of one record.
func (w *workload) arrivedOnce() (events []event) {
	w.Helper()
	n := w.end()
	require.Positive(w, n)
	var want []string
	for i := 1; i <= n; i++ {
		want = append(want, strings.Split(writer.Line(i), "\n")...)
	}
	final := want[len(want)-1]
	w.await(fmt.Sprintf("the last of %d lines of %s", n, w.pod.Name), func() bool {
		last := w.last(w.group(), w.stream())
		return last == final || strings.HasSuffix(last, "\n"+final)
	})
	var got []string
	events = w.events(w.group(), w.stream())
	for _, e := range events {
		got = append(got, strings.Split(e.Body, "\n")...)
	}
	w.Logf("%s: %d lines, %d events", w.pod.Name, n, len(events))
	compare(w, want, got)
	return events
}

// compare says what is lost and what came again, in words that can be read where lines are thousands.
func compare(t assert.TestingT, want, got []string) bool {
	for i := range max(len(want), len(got)) {
		if i < len(want) && i < len(got) && want[i] == got[i] {
			continue
		}
		show := func(lines []string) (text string) {
			for _, line := range lines[min(i, len(lines)):min(i+3, len(lines))] {
				text += fmt.Sprintf("  %.80q (%d bytes)\n", line, len(line))
			}
			return text
		}
		return assert.Fail(t, "lines are lost, repeated or in another order", "%d were written and %d arrived; from number %d on, written:\n%sarrived:\n%s", len(want), len(got), i, show(want), show(got))
	}
	return true
}

// rotations are the files of its log that the kubelet has set aside.
func (w *workload) rotations() []string {
	files, err := filepath.Glob(fmt.Sprintf("/var/log/pods/%s_%s_%s/%s/0.log.*", w.namespace, w.pod.Name, w.pod.UID, container))
	require.NoError(w, err)
	return files
}
