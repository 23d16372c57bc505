package ecs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// pseudo are CloudFormation's own parameters, and what stands for them here: the open places of the task definitions.
var pseudo = map[string]string{
	"AWS::AccountId": "{ACCOUNT}", "AWS::Region": "{REGION}", "AWS::Partition": "aws", "AWS::StackName": "shop",
}

// types that the template may use, with the properties that they have.
var properties = map[string][]string{
	"AWS::Logs::LogGroup":      {"LogGroupName", "RetentionInDays"},
	"AWS::SSM::Parameter":      {"Name", "Type", "Tier", "Value"},
	"AWS::IAM::Role":           {"AssumeRolePolicyDocument", "Policies"},
	"AWS::ECS::TaskDefinition": nil, // checked as RegisterTaskDefinition
	"AWS::ECS::Service": {
		"Cluster", "TaskDefinition", "LaunchType", "PlatformVersion", "DesiredCount", "DeploymentConfiguration", "NetworkConfiguration",
	},
}

// template is a CloudFormation template, whose intrinsic functions are resolved with what stands for the rest.
type template struct {
	t          *testing.T
	parameters map[string]any
	resources  map[string]*yaml.Node
	values     map[string]string // of !Ref and !GetAtt
	used       map[string]bool
}

func (c *template) reference(name string) string {
	base, attribute, _ := strings.Cut(name, ".")
	if v, ok := pseudo[name]; ok {
		return v
	}
	c.used[base] = true
	if v, ok := c.values[name]; ok {
		return v
	}
	_, parameter := c.parameters[base]
	_, resource := c.resources[base]
	assert.True(c.t, resource || parameter && attribute == "", "%s refers to nothing", name)
	return name
}

var substitution = regexp.MustCompile(`\$\{([^}!]+)\}`)

func (c *template) resolve(n *yaml.Node) any {
	switch n.Tag {
	case "!Ref":
		return c.reference(n.Value)
	case "!GetAtt":
		assert.Contains(c.t, n.Value, ".", "!GetAtt names an attribute")
		return c.reference(n.Value)
	case "!Sub":
		return substitution.ReplaceAllStringFunc(n.Value, func(s string) string { return c.reference(s[2 : len(s)-1]) })
	}
	switch n.Kind {
	case yaml.AliasNode:
		require.FailNow(c.t, "CloudFormation takes no aliases", "line %d", n.Line)
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			assert.NotContains(c.t, m, key, "line %d", n.Line)
			m[key] = c.resolve(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		l := []any{}
		for _, e := range n.Content {
			l = append(l, c.resolve(e))
		}
		return l
	}
	require.False(c.t, strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"), "line %d: %s is not known here", n.Line, n.Tag)
	var v any
	require.NoError(c.t, n.Decode(&v))
	return v
}

func TestCloudFormationDefinesTheSameTask(t *testing.T) {
	var file struct {
		AWSTemplateFormatVersion string         `yaml:"AWSTemplateFormatVersion"`
		Description              string         `yaml:"Description"`
		Parameters               map[string]any `yaml:"Parameters"`
		Resources                map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
		Outputs map[string]struct {
			Description string    `yaml:"Description"`
			Value       yaml.Node `yaml:"Value"`
		} `yaml:"Outputs"`
	}
	d := yaml.NewDecoder(bytes.NewReader(read(t, "cloudformation/fargate.yaml")))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&file))
	assert.Equal(t, "2010-09-09", file.AWSTemplateFormatVersion)
	c := &template{t: t, parameters: file.Parameters, resources: map[string]*yaml.Node{}, used: map[string]bool{}, values: map[string]string{
		"Image": "{IMAGE}", "OwnLog": "/ecs/otelcol-cloudwatch", "StartConfiguration": "/otelcol-cloudwatch/ecs/start",
		"TaskRole.Arn": "arn:aws:iam::{ACCOUNT}:role/otelcol-cloudwatch-task", "ExecutionRole.Arn": "arn:aws:iam::{ACCOUNT}:role/otelcol-cloudwatch-execution",
	}}
	for name, p := range file.Parameters {
		assert.NotEmpty(t, p.(map[string]any)["Description"], name)
		assert.NotEmpty(t, p.(map[string]any)["Type"], name)
	}
	for name, r := range file.Resources {
		c.resources[name] = &r.Properties
	}
	var task map[string]any
	roles := map[string]map[string]any{}
	for name, r := range file.Resources {
		known, ok := properties[r.Type]
		require.True(t, ok, "%s: %s is not in the table of this test", name, r.Type)
		resolved := c.resolve(&r.Properties).(map[string]any)
		switch r.Type {
		case "AWS::ECS::TaskDefinition":
			task = resolved
			continue
		case "AWS::IAM::Role":
			roles[name] = resolved
		}
		for property := range resolved {
			assert.True(t, slices.Contains(known, property), "%s.%s is not in the table of this test", name, property)
		}
	}
	for name, o := range file.Outputs {
		assert.NotEmpty(t, o.Description, name)
		c.resolve(&o.Value)
	}
	for name := range file.Parameters {
		assert.True(t, c.used[name], "the parameter %s is not used", name)
	}

	// The API's names begin with a small letter, but for what is data.
	text, err := json.Marshal(camel(task, false))
	require.NoError(t, err)
	check(t, register(t, text))
	assert.JSONEq(t, string(read(t, "task-definitions/fargate.json")), string(text), "both define the same")

	for role, policy := range map[string]string{"TaskRole": "task-role", "ExecutionRole": "execution-role"} {
		same(t, c, decode(t, read(t, "policies/trust.json")), roles[role]["AssumeRolePolicyDocument"])
		same(t, c, decode(t, read(t, "policies/"+policy+".json")), roles[role]["Policies"].([]any)[0].(map[string]any)["PolicyDocument"])
	}
}

// same compares a policy of the folder with the template's.
func same(t *testing.T, c *template, want, have any) {
	t.Helper()
	text, err := json.Marshal(have)
	require.NoError(t, err)
	wanted, err := json.Marshal(want)
	require.NoError(t, err)
	wanted = []byte(strings.NewReplacer("{CLUSTER}", c.reference("Cluster"), "{FAMILY}", c.reference("AWS::StackName")).Replace(string(wanted)))
	// The group's ARN, which ends with :*, is an attribute there.
	text = []byte(strings.ReplaceAll(string(text), `"OwnLog.Arn"`, `"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/otelcol-cloudwatch:*"`))
	assert.JSONEq(t, string(wanted), string(text), fmt.Sprint(want))
}

// camel makes the API's names of CloudFormation's.
func camel(v any, data bool) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, e := range v {
			key := k
			if !data {
				key = strings.ToLower(k[:1]) + k[1:]
			}
			m[key] = camel(e, key == "options")
		}
		return m
	case []any:
		l := []any{}
		for _, e := range v {
			l = append(l, camel(e, data))
		}
		return l
	}
	return v
}
