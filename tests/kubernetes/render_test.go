package kubernetes

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/yaml"
)

const (
	root          = "../.."
	distribution  = root + "/distributions/kubernetes"
	chartFolder   = distribution + "/chart"
	configuration = root + "/config/kubernetes.yaml"
	namespace     = "otelcol-cloudwatch"
)

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartFolder)
	require.NoError(t, err)
	return c
}

// template renders the chart as `helm template` does, the schema of the values included.
func template(t *testing.T, values map[string]any) (map[string]string, error) {
	t.Helper()
	c := load(t)
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "otelcol-cloudwatch", Namespace: namespace, Revision: 1, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

// valuesOf reads values from YAML.
func valuesOf(t *testing.T, text string) map[string]any {
	t.Helper()
	values := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &values))
	return values
}

// manifest is everything that was rendered, as one file.
func manifest(files map[string]string) string {
	var names []string
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") && strings.TrimSpace(text) != "" {
			names = append(names, name)
		}
	}
	// The order in which they can be applied.
	order := func(name string) int {
		return strings.Index("serviceaccount rbac configmap networkpolicy daemonset", strings.TrimSuffix(filepath.Base(name), ".yaml"))
	}
	sort.Slice(names, func(i, j int) bool { return order(names[i]) < order(names[j]) })
	var out strings.Builder
	for _, name := range names {
		out.WriteString("---\n" + strings.TrimSpace(files[name]) + "\n")
	}
	return out.String()
}

var schemes = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, rbacv1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}()

// objects decodes strictly: an unknown or repeated field is an error.
func objects(text string) (all []runtime.Object, err error) {
	for i, document := range regexp.MustCompile(`(?m)^---\n`).Split(text, -1) {
		if len(bytes.TrimSpace([]byte(document))) == 0 {
			continue
		}
		o, _, err := schemes.Decode([]byte(document), nil, nil)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w\n%s", i, err, document)
		}
		all = append(all, o)
	}
	return all, nil
}

// object is the one of its type.
func object[T runtime.Object](t *testing.T, all []runtime.Object) (found T) {
	t.Helper()
	n := 0
	for _, o := range all {
		if typed, ok := o.(T); ok {
			found = typed
			n++
		}
	}
	require.Equal(t, 1, n, "objects of type %T", found)
	return found
}

func has[T runtime.Object](all []runtime.Object) bool {
	for _, o := range all {
		if _, ok := o.(T); ok {
			return true
		}
	}
	return false
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
