package guide

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/config"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
)

// The names of the layers, in the order in which they are merged.
const (
	HostFile        = "10-host.yaml"
	RouteFile       = "20-route.yaml"
	CredentialsFile = "30-credentials.yaml"
)

// Layers are all that Files may make.
var Layers = []string{HostFile, RouteFile, CredentialsFile}

// written is at the top of every file.
const written = "otelcol-cloudwatch init wrote this. It is yours now: change it as you like."

// Files are the layers that answers make, by name. The error says which answers do not go together, or
// what the route table that they make says is wrong.
func Files(a Answers) (map[string][]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	host, err := recipe(a.hostRecipe())
	if err != nil {
		return nil, err
	}
	a.editHost(host)
	route, err := recipe("routes/" + string(a.Way) + ".yaml")
	if err != nil {
		return nil, err
	}
	a.editRoute(route)
	documents := map[string]*document{HostFile: host, RouteFile: route}
	if a.Identity != DefaultChain {
		credentials, err := recipe("credentials/" + strings.ReplaceAll(string(a.Identity), "_", "-") + ".yaml")
		if err != nil {
			return nil, err
		}
		a.editCredentials(credentials)
		documents[CredentialsFile] = credentials
	}
	files := map[string][]byte{}
	for name, d := range documents {
		if files[name], err = d.text(); err != nil {
			return nil, err
		}
	}
	return files, checkAccess(a, files)
}

func recipe(name string) (*document, error) {
	text, err := fs.ReadFile(config.Files, name)
	if err != nil {
		return nil, fmt.Errorf("there is no recipe %s: %w", name, err)
	}
	return newDocument(name, string(text)), nil
}

// checkAccess asks the route table and the credentials themselves whether they are right. What a
// placeholder stands for is not known here.
func checkAccess(a Answers, files map[string][]byte) error {
	access := map[string]any{}
	for _, name := range Names(files) {
		var layer struct {
			Extensions map[string]map[string]any `yaml:"extensions"`
		}
		if err := yaml.Unmarshal(files[name], &layer); err != nil {
			return fmt.Errorf("%s is no YAML with these answers: %w", name, err)
		}
		maps.Copy(access, layer.Extensions[awsaccess.Extension])
	}
	if strings.Contains(a.Region+a.Source+strings.Join(a.AllowedCIDRs, "")+strings.Join(a.AssumeRole, "")+a.WebRoleARN+a.ExternalID+a.ProxyURL, "${") {
		return nil
	}
	_, err := awsaccess.FromMap(access)
	return err
}

// Names are the names of layers, in their order.
func Names(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }
