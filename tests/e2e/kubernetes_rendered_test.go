package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// What Helm made of the chart. tests/kubernetes renders it, and fails where it is stale.
const (
	manifests = "distributions/kubernetes/manifests/"
	variants  = "tests/kubernetes/testdata/"
	// configFolder is where a pod has the ConfigMap.
	configFolder = "/etc/otelcol-cloudwatch"
)

// rendered is what the kubelet needs of the rendered objects to start the collector.
type rendered struct {
	args   []string
	env    map[string]string // without what comes from secrets
	layers map[string]string // the files of the ConfigMap
}

func readRendered(t *testing.T, path string) rendered {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	r := rendered{env: map[string]string{}}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var object struct {
			Kind string
			Data map[string]string
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Args []string
							Env  []struct {
								Name, Value string
								ValueFrom   struct {
									FieldRef struct {
										FieldPath string `yaml:"fieldPath"`
									} `yaml:"fieldRef"`
								} `yaml:"valueFrom"`
							}
						}
					}
				}
			}
		}
		err := documents.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch object.Kind {
		case "ConfigMap":
			r.layers = object.Data
		case "DaemonSet":
			container := object.Spec.Template.Spec.Containers[0]
			r.args = container.Args
			for _, v := range container.Env {
				if v.ValueFrom.FieldRef.FieldPath == "spec.nodeName" {
					v.Value = testNode
				}
				for name, value := range r.env { // the kubelet's $(NAME), of variables before
					v.Value = strings.ReplaceAll(v.Value, "$("+name+")", value)
				}
				r.env[v.Name] = v.Value
			}
		}
	}
	config, err := os.ReadFile(filepath.Join(root, "config", "kubernetes.yaml"))
	require.NoError(t, err)
	if strings.HasPrefix(path, variants) {
		require.Equal(t, "# config/kubernetes.yaml\n", r.layers["10-kubernetes.yaml"])
		r.layers["10-kubernetes.yaml"] = string(config)
	}
	require.Equal(t, string(config), r.layers["10-kubernetes.yaml"], "%s does not run config/kubernetes.yaml: run 'make generate-kubernetes'", path)
	return r
}

// mount writes the ConfigMap as the kubelet does, and returns the folder and the collector's --config arguments.
func (r rendered) mount(t *testing.T) (dir string, configs []string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "..2026_01_02"), 0o755))
	require.NoError(t, os.Symlink("..2026_01_02", filepath.Join(dir, "..data")))
	for name, text := range r.layers {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "..data", name), []byte(text), 0o600))
		require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
	}
	for _, arg := range r.args {
		config, ok := strings.CutPrefix(arg, "--config=")
		require.True(t, ok, "%s", arg)
		configs = append(configs, strings.Replace(config, configFolder, dir, 1))
	}
	return dir, configs
}
