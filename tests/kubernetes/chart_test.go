package kubernetes

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the committed files instead of comparing them")

// matrix are the cases of testdata: NAME.values.yaml, and what comes of it but the configuration, NAME.yaml.
func matrix(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.values.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	cases := map[string]string{}
	for _, file := range files {
		cases[strings.TrimSuffix(filepath.Base(file), ".values.yaml")] = read(t, file)
	}
	return cases
}

// same compares a committed file, or writes it.
func same(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "%s is stale, run 'make generate-kubernetes'", path)
}

// The chart cannot read what lies outside of it, so it has a copy.
func TestTheChartRunsTheConfiguration(t *testing.T) {
	same(t, chartFolder+"/files/kubernetes.yaml", read(t, configuration))
}

func TestLint(t *testing.T) {
	for name, text := range matrix(t) {
		t.Run(name, func(t *testing.T) {
			result := lint.AllWithKubeVersion(chartFolder, valuesOf(t, text), namespace, nil)
			for _, message := range result.Messages {
				assert.Less(t, message.Severity, support.WarningSev, "%s", message)
			}
		})
	}
}

func TestEveryObjectIsOneThatTheAPIServerTakes(t *testing.T) {
	for name, text := range matrix(t) {
		t.Run(name, func(t *testing.T) {
			values := valuesOf(t, text)
			files, err := template(t, values)
			require.NoError(t, err)
			text := manifest(files)
			all, err := objects(text)
			require.NoError(t, err)
			for _, o := range all {
				assert.NotEmpty(t, o.GetObjectKind().GroupVersionKind().Kind)
			}
			// The configuration is in files/kubernetes.yaml, and the same in all.
			whole := "    " + strings.ReplaceAll(strings.TrimSuffix(read(t, configuration), "\n"), "\n", "\n    ") + "\n"
			require.Contains(t, text, whole)
			short := strings.Replace(text, whole, "    # config/kubernetes.yaml\n", 1)
			same(t, "testdata/"+name+".yaml", "# Generated from "+name+".values.yaml by make generate-kubernetes.\n"+short)
		})
	}
}

// The plain manifests are the chart without Helm's labels.
func TestManifests(t *testing.T) {
	for name, values := range map[string]string{
		"otelcol-cloudwatch":              `{}`,
		"otelcol-cloudwatch-web-identity": `{region: eu-central-1, credentials: {source: web_identity, webIdentity: {roleArn: "arn:aws:iam::123456789012:role/otelcol-cloudwatch"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			files, err := template(t, valuesOf(t, values))
			require.NoError(t, err)
			text := manifest(files)
			var kept []string
			for _, line := range strings.Split(text, "\n") {
				if !strings.Contains(line, "helm.sh/chart:") && !strings.Contains(line, "app.kubernetes.io/managed-by:") {
					kept = append(kept, line)
				}
			}
			text = "# Generated from the chart by make generate-kubernetes. Put your cluster's name, region and image in: look for EDIT.\n" +
				"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + namespace + "\n" + strings.Join(kept, "\n")
			for _, mark := range []string{"k8s.cluster.name=kubernetes,", `image: "otelcol-cloudwatch:`, "value: eu-central-1", "value: arn:aws:iam::123456789012"} {
				at := strings.Index(text, mark)
				if at < 0 {
					continue
				}
				end := at + strings.IndexByte(text[at:], '\n')
				text = text[:end] + " # EDIT" + text[end:]
			}
			_, err = objects(text)
			require.NoError(t, err)
			same(t, distribution+"/manifests/"+name+".yaml", text)
		})
	}
}

// daemonSet is what values make.
func daemonSet(t *testing.T, values string) (*appsv1.DaemonSet, map[string]corev1.EnvVar) {
	t.Helper()
	files, err := template(t, valuesOf(t, values))
	require.NoError(t, err)
	all, err := objects(manifest(files))
	require.NoError(t, err)
	d := object[*appsv1.DaemonSet](t, all)
	env := map[string]corev1.EnvVar{}
	for _, v := range d.Spec.Template.Spec.Containers[0].Env {
		assert.NotContains(t, env, v.Name, "a variable that is set twice")
		env[v.Name] = v
	}
	return d, env
}

func TestThePodMayDoAsLittleAsItCan(t *testing.T) {
	d, _ := daemonSet(t, `{}`)
	spec := d.Spec.Template.Spec
	c := spec.Containers[0]
	assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	assert.Nil(t, c.SecurityContext.Privileged)
	assert.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, spec.SecurityContext.SeccompProfile.Type)
	assert.False(t, spec.HostPID)
	assert.False(t, spec.HostIPC)
	writable := map[string]bool{}
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly {
			writable[m.Name] = true
		}
	}
	assert.Equal(t, map[string]bool{"state": true}, writable)

	files, err := template(t, nil)
	require.NoError(t, err)
	all, err := objects(manifest(files))
	require.NoError(t, err)
	assert.Equal(t, []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "watch"}}}, object[*rbacv1.ClusterRole](t, all).Rules)
}

func TestMemoryFollowsTheLimit(t *testing.T) {
	for limit, want := range map[string][3]string{"512Mi": {"409MiB", "358", "76"}, "1Gi": {"819MiB", "716", "153"}} {
		d, env := daemonSet(t, `{resources: {limits: {memory: `+limit+`}}}`)
		assert.Equal(t, want, [3]string{env["GOMEMLIMIT"].Value, env["OTELCOL_CLOUDWATCH_MEMORY_LIMIT_MIB"].Value, env["OTELCOL_CLOUDWATCH_MEMORY_SPIKE_MIB"].Value})
		assert.Equal(t, limit, d.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().String())
	}
}

func TestItRunsOnEveryNodeAndOneAtATimeOnEach(t *testing.T) {
	d, env := daemonSet(t, `{}`)
	spec := d.Spec.Template.Spec
	assert.Equal(t, []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, spec.Tolerations)
	assert.Equal(t, map[string]string{"kubernetes.io/os": "linux"}, spec.NodeSelector)
	assert.Equal(t, "system-node-critical", spec.PriorityClassName)
	assert.Equal(t, intstr.FromInt32(1), *d.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable)
	assert.Nil(t, d.Spec.UpdateStrategy.RollingUpdate.MaxSurge)
	assert.Equal(t, "spec.nodeName", env["OTELCOL_CLOUDWATCH_NODE"].ValueFrom.FieldRef.FieldPath)
	// Kubernetes puts a variable into those after it.
	assert.Equal(t, "OTELCOL_CLOUDWATCH_NODE", spec.Containers[0].Env[0].Name)
}

func TestCredentials(t *testing.T) {
	_, env := daemonSet(t, `{}`)
	for _, name := range []string{"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ACCESS_KEY_ID"} {
		assert.NotContains(t, env, name, "it would come before a pod identity or IRSA")
	}

	d, env := daemonSet(t, `{region: eu-central-1, credentials: {source: web_identity, webIdentity: {roleArn: "arn:aws:iam::123456789012:role/r", audience: a}}}`)
	assert.Equal(t, "arn:aws:iam::123456789012:role/r", env["AWS_ROLE_ARN"].Value)
	var token *corev1.ServiceAccountTokenProjection
	var folder string
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Name == "token" {
			token = v.Projected.Sources[0].ServiceAccountToken
		}
	}
	for _, m := range d.Spec.Template.Spec.Containers[0].VolumeMounts {
		if m.Name == "token" {
			folder = m.MountPath
		}
	}
	require.NotNil(t, token)
	assert.Equal(t, "a", token.Audience)
	assert.Equal(t, int64(3600), *token.ExpirationSeconds)
	assert.Equal(t, folder+"/"+token.Path, env["AWS_WEB_IDENTITY_TOKEN_FILE"].Value)

	_, env = daemonSet(t, `{region: eu-central-1, credentials: {source: secret, secret: {name: keys}}}`)
	assert.Equal(t, "keys", env["AWS_SECRET_ACCESS_KEY"].ValueFrom.SecretKeyRef.Name)
}

func TestProbesAreWhereTheCollectorListens(t *testing.T) {
	for values, host := range map[string]string{`{ports: {health: 1, alive: 2}}`: "127.0.0.1", `{hostNetwork: false, ports: {health: 1, alive: 2}}`: ""} {
		d, env := daemonSet(t, values)
		c := d.Spec.Template.Spec.Containers[0]
		ports := map[string]string{}
		for _, p := range c.Ports {
			ports[p.Name] = strconv.Itoa(int(p.ContainerPort))
		}
		for variable, probe := range map[string]*corev1.Probe{"HEALTH": c.ReadinessProbe, "ALIVE": c.LivenessProbe} {
			get := probe.HTTPGet
			assert.Equal(t, host, get.Host)
			assert.Equal(t, host+":"+ports[get.Port.String()], env["OTELCOL_CLOUDWATCH_"+variable+"_ENDPOINT"].Value)
		}
		assert.Equal(t, c.LivenessProbe.HTTPGet, c.StartupProbe.HTTPGet)
	}
}

func TestWhatIsNotSentNeedsNothing(t *testing.T) {
	files, err := template(t, valuesOf(t, `{logs: {enabled: false}}`))
	require.NoError(t, err)
	all, err := objects(manifest(files))
	require.NoError(t, err)
	assert.False(t, has[*rbacv1.ClusterRole](all))
	d := object[*appsv1.DaemonSet](t, all)
	assert.False(t, *d.Spec.Template.Spec.AutomountServiceAccountToken)
	for _, v := range d.Spec.Template.Spec.Volumes {
		assert.NotEqual(t, "pods", v.Name)
	}

	d, _ = daemonSet(t, `{metrics: {enabled: false}}`)
	for _, v := range d.Spec.Template.Spec.Volumes {
		assert.NotEqual(t, "root", v.Name, "the node's root is mounted for metrics alone")
	}
}

func TestANetworkPolicyIsForPodsThatItCanReach(t *testing.T) {
	files, err := template(t, valuesOf(t, `{hostNetwork: false, networkPolicy: {enabled: true}}`))
	require.NoError(t, err)
	all, err := objects(manifest(files))
	require.NoError(t, err)
	policy := object[*networkingv1.NetworkPolicy](t, all)
	assert.Empty(t, policy.Spec.Ingress)
	assert.Equal(t, object[*appsv1.DaemonSet](t, all).Spec.Selector.MatchLabels, policy.Spec.PodSelector.MatchLabels)

	_, err = template(t, valuesOf(t, `{networkPolicy: {enabled: true}}`))
	require.ErrorContains(t, err, "set hostNetwork to false")
}

func TestWrongValuesAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"a misspelt key":                       {`{regoin: eu-central-1}`, "regoin"},
		"a misspelt key further in":            {`{logs: {retention: 3}}`, "retention"},
		"a number as text":                     {`{logs: {retentionDays: three}}`, "retentionDays"},
		"a retention that CloudWatch has not":  {`{logs: {retentionDays: 2}}`, "retentionDays"},
		"an unknown format":                    {`{logs: {format: xml}}`, "format"},
		"an unknown source of credentials":     {`{credentials: {source: irsa}}`, "source"},
		"web identity without a role":          {`{region: eu-central-1, credentials: {source: web_identity}}`, "set credentials.webIdentity.roleArn"},
		"web identity without a region":        {`{credentials: {source: web_identity, webIdentity: {roleArn: "arn:aws:iam::123456789012:role/r"}}}`, "set region"},
		"a secret without a name":              {`{region: eu-central-1, credentials: {source: secret}}`, "set credentials.secret.name"},
		"routes without a region":              {`{route: {routes: [{name: vpc, private_dns: {}}]}}`, "set region"},
		"an unknown policy":                    {`{region: eu-central-1, route: {policy: private, routes: [{name: vpc, private_dns: {}}]}}`, "policy"},
		"a memory limit in bytes":              {`{resources: {limits: {memory: "536870912"}}}`, "memory"},
		"a memory limit below what works":      {`{resources: {limits: {memory: 99Mi}}}`, "memory"},
		"two collectors on a node":             {`{updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}}`, "maxSurge"},
		"a cluster's name that breaks a group": {`{cluster: "a b,c=d"}`, "cluster"},
		"a namespace that is none":             {`{logs: {excludeNamespaces: [kube_system]}}`, "excludeNamespaces"},
		"an interval without a unit":           {`{metrics: {interval: "60"}}`, "interval"},
		"Windows nodes":                        {`{nodeSelector: {kubernetes.io/os: windows}}`, "nodeSelector"},
		"nothing to send":                      {`{logs: {enabled: false}, metrics: {enabled: false}}`, "set one to true"},
		"a role that is no ARN":                {`{region: eu-central-1, credentials: {source: web_identity, webIdentity: {roleArn: r}}}`, "roleArn"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := template(t, valuesOf(t, test.values))
			require.Error(t, err)
			t.Log(err)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// Each value has a place in the schema, and the schema has no value that the chart does not have.
func TestTheSchemaHasEveryValue(t *testing.T) {
	var schema map[string]any
	require.NoError(t, json.Unmarshal([]byte(read(t, chartFolder+"/values.schema.json")), &schema))
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(read(t, chartFolder+"/values.yaml")), &values))
	var compare func(path string, schema map[string]any, values map[string]any)
	compare = func(path string, schema map[string]any, values map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		if properties == nil || schema["additionalProperties"] != false {
			return // any key
		}
		for key, value := range values {
			property, ok := properties[key].(map[string]any)
			if !assert.True(t, ok, "%s%s is not in the schema", path, key) {
				continue
			}
			if inner, ok := value.(map[string]any); ok {
				compare(path+key+".", property, inner)
			}
		}
		for key := range properties {
			if path == "" && key == "global" { // Helm gives it to each chart
				continue
			}
			assert.Contains(t, values, key, "the schema has %s%s", path, key)
		}
	}
	compare("", schema, values)
}

// What is released can be loaded by Helm, has the version that was asked for, and is the same when it is built again.
func TestThePackageIsReproducible(t *testing.T) {
	build := func() (chart, manifest []byte) {
		dist := t.TempDir()
		command := exec.Command("make", "-s", "package-kubernetes", "VERSION=1.2.3", "DIST="+dist, "SOURCE_DATE_EPOCH=1767323045")
		command.Dir = root
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return []byte(read(t, dist+"/otelcol-cloudwatch-chart-1.2.3.tgz")), []byte(read(t, dist+"/otelcol-cloudwatch-kubernetes-1.2.3.yaml"))
	}
	first, manifest := build()
	second, _ := build()
	assert.Equal(t, sha256.Sum256(first), sha256.Sum256(second))

	c, err := loader.LoadArchive(bytes.NewReader(first))
	require.NoError(t, err)
	assert.Equal(t, "1.2.3", c.Metadata.Version)
	assert.Equal(t, "1.2.3", c.AppVersion())
	assert.Len(t, c.Templates, len(load(t).Templates))
	all, err := objects(string(manifest))
	require.NoError(t, err)
	assert.Equal(t, "otelcol-cloudwatch:1.2.3", object[*appsv1.DaemonSet](t, all).Spec.Template.Spec.Containers[0].Image)
}
