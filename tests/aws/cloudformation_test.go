package aws

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awspolicy"
)

const distribution = "../../distributions/aws/"

// kind is a resource type: its properties, those of them that must be there, and what GetAtt finds
// (CloudFormation Template Reference).
type kind struct {
	required, optional, attributes []string
}

var kinds = map[string]kind{
	"AWS::EC2::SecurityGroup": {
		[]string{"GroupDescription"}, []string{"GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}, []string{"GroupId", "VpcId", "Id"},
	},
	"AWS::EC2::VPCEndpoint": {
		[]string{"ServiceName", "VpcId"},
		[]string{"IpAddressType", "DnsOptions", "PolicyDocument", "PrivateDnsEnabled", "RouteTableIds", "SecurityGroupIds", "SubnetIds", "VpcEndpointType"},
		[]string{"CreationTimestamp", "DnsEntries", "Id", "NetworkInterfaceIds"},
	},
	"AWS::SSM::Parameter": {[]string{"Type", "Value"}, []string{"AllowedPattern", "DataType", "Description", "Name", "Policies", "Tags", "Tier"}, []string{"Type", "Value"}},
	"AWS::SSM::Association": {
		[]string{"Name"},
		[]string{
			"ApplyOnlyAtCronInterval", "AssociationName", "AutomationTargetParameterName", "CalendarNames", "ComplianceSeverity", "DocumentVersion", "InstanceId",
			"MaxConcurrency", "MaxErrors", "OutputLocation", "Parameters", "ScheduleExpression", "ScheduleOffset", "SyncCompliance", "Targets", "WaitForSuccessTimeoutSeconds",
		},
		[]string{"AssociationId"},
	},
	"AWS::IAM::ManagedPolicy":   {[]string{"PolicyDocument"}, []string{"Description", "Groups", "ManagedPolicyName", "Path", "Roles", "Users"}, []string{"PolicyArn"}},
	"AWS::IAM::InstanceProfile": {[]string{"Roles"}, []string{"InstanceProfileName", "Path"}, []string{"Arn"}},
	"AWS::IAM::Role": {
		[]string{"AssumeRolePolicyDocument"},
		[]string{"Description", "ManagedPolicyArns", "MaxSessionDuration", "Path", "PermissionsBoundary", "Policies", "RoleName", "Tags"},
		[]string{"Arn", "RoleId"},
	},
}

var (
	pseudo     = []string{"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}
	parameters = []string{"String", "CommaDelimitedList", "AWS::EC2::VPC::Id", "List<AWS::EC2::Subnet::Id>"}
	logicalID  = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
	variable   = regexp.MustCompile(`\$\{([^}!][^}]*)\}`)
)

// template is one that was read: every intrinsic function is a map with one key, "!NAME".
type template struct {
	t    *testing.T
	root map[string]any
	used map[string]bool // parameters and conditions
}

func readTemplate(t *testing.T, path string) *template {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), 51200, "what CloudFormation takes without S3")
	var n yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &n))
	root, ok := plain(t, n.Content[0]).(map[string]any)
	require.True(t, ok)
	return &template{t, root, map[string]bool{}}
}

// plain is a node without YAML's types: numbers and booleans are texts, as CloudFormation has them.
func plain(t *testing.T, n *yaml.Node) any {
	var value any
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			require.NotContains(t, m, key, "line %d: the key stands twice", n.Content[i].Line)
			m[key] = plain(t, n.Content[i+1])
		}
		value = m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, plain(t, c))
		}
		value = list
	default:
		value = n.Value
	}
	if tag := n.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		return map[string]any{tag: value}
	}
	return value
}

func (c *template) section(name string) map[string]any {
	m, _ := c.root[name].(map[string]any)
	return m
}

func (c *template) check() {
	t := c.t
	for key := range c.root {
		assert.Contains(t, []string{"AWSTemplateFormatVersion", "Description", "Parameters", "Conditions", "Resources", "Outputs"}, key)
	}
	assert.Equal(t, "2010-09-09", c.root["AWSTemplateFormatVersion"])
	for name, p := range c.section("Parameters") {
		assert.Regexp(t, logicalID, name)
		of := p.(map[string]any)
		assert.Contains(t, parameters, of["Type"], name)
		assert.NotEmpty(t, of["Description"], name)
		for key := range of {
			assert.Contains(t, []string{"AllowedPattern", "AllowedValues", "Default", "Description", "Type"}, key, name)
		}
		value, set := of["Default"]
		if allowed, ok := of["AllowedValues"].([]any); ok && set {
			assert.Contains(t, allowed, value, name)
		}
		if pattern, ok := of["AllowedPattern"].(string); ok && set {
			assert.Regexp(t, pattern, value, name)
		}
	}
	for name, condition := range c.section("Conditions") {
		c.value("Conditions."+name, condition)
	}
	for name, r := range c.section("Resources") {
		assert.Regexp(t, logicalID, name)
		of := r.(map[string]any)
		for key := range of {
			assert.Contains(t, []string{"Condition", "DependsOn", "Properties", "Type"}, key, name)
		}
		k, known := kinds[of["Type"].(string)]
		require.True(t, known, "%s: the type %s is not in the table of this test", name, of["Type"])
		properties, _ := of["Properties"].(map[string]any)
		for _, p := range k.required {
			assert.Contains(t, properties, p, name)
		}
		for p, value := range properties {
			assert.True(t, slices.Contains(k.required, p) || slices.Contains(k.optional, p), "%s: %s has no property %s", name, of["Type"], p)
			c.value(name+"."+p, value)
		}
		if condition, ok := of["Condition"].(string); ok {
			c.condition(name, condition)
		}
		if on, ok := of["DependsOn"].(string); ok {
			assert.Contains(t, c.section("Resources"), on, name)
		}
	}
	for name, o := range c.section("Outputs") {
		assert.Regexp(t, logicalID, name)
		of := o.(map[string]any)
		for key := range of {
			assert.Contains(t, []string{"Condition", "Description", "Export", "Value"}, key, name)
		}
		require.Contains(t, of, "Value", name)
		c.value("Outputs."+name, of["Value"])
		if condition, ok := of["Condition"].(string); ok {
			c.condition(name, condition)
		}
		c.conditional(name, of)
	}
	for _, section := range []string{"Parameters", "Conditions"} {
		for name := range c.section(section) {
			assert.True(t, c.used[name], "%s.%s is not used", section, name)
		}
	}
}

// conditional asserts that an output of a resource that may be missing has the resource's condition.
func (c *template) conditional(name string, output map[string]any) {
	text := fmt.Sprint(output["Value"])
	for id, r := range c.section("Resources") {
		if condition := r.(map[string]any)["Condition"]; condition != nil && regexp.MustCompile(`\b`+id+`\.`).MatchString(text) {
			assert.Equal(c.t, condition, output["Condition"], "output %s of %s", name, id)
		}
	}
}

func (c *template) condition(where, name string) {
	assert.Contains(c.t, c.section("Conditions"), name, where)
	c.used[name] = true
}

func (c *template) reference(where, name string) {
	_, parameter := c.section("Parameters")[name]
	_, resource := c.section("Resources")[name]
	assert.True(c.t, parameter || resource || slices.Contains(pseudo, name), "%s refers to %q, which there is not", where, name)
	c.used[name] = c.used[name] || parameter
}

func (c *template) attribute(where, path string) {
	id, attribute, _ := strings.Cut(path, ".")
	r, ok := c.section("Resources")[id].(map[string]any)
	if assert.True(c.t, ok, "%s: there is no resource %s", where, id) {
		assert.Contains(c.t, kinds[r["Type"].(string)].attributes, attribute, where)
	}
}

// value checks functions in a value, and what they refer to.
func (c *template) value(where string, value any) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			c.value(fmt.Sprintf("%s[%d]", where, i), item)
		}
	case map[string]any:
		for key, of := range v {
			if !strings.HasPrefix(key, "!") {
				assert.False(c.t, strings.HasPrefix(key, "Fn::") || key == "Ref", "%s: write functions by their tags", where)
				c.value(where+"."+key, of)
				continue
			}
			c.function(where, key, of)
		}
	}
}

func (c *template) function(where, name string, of any) {
	args, _ := of.([]any)
	count := map[string]int{"!If": 3, "!Equals": 2, "!Not": 1, "!Join": 2, "!Select": 2, "!Split": 2}
	switch name {
	case "!Ref":
		c.reference(where, of.(string))
		return
	case "!GetAtt":
		c.attribute(where, of.(string))
		return
	case "!Sub":
		matches := variable.FindAllStringSubmatch(of.(string), -1)
		assert.NotEmpty(c.t, matches, "%s: !Sub without a variable", where)
		for _, m := range matches {
			if strings.Contains(m[1], ".") {
				c.attribute(where, m[1])
			} else {
				c.reference(where, m[1])
			}
		}
		return
	case "!If":
		if assert.NotEmpty(c.t, args, where) {
			c.condition(where, args[0].(string))
		}
	}
	n, known := count[name]
	require.True(c.t, known, "%s: %s is no function that this test knows", where, name)
	assert.Len(c.t, args, n, "%s: arguments of %s", where, name)
	c.value(where, of)
	for i, a := range args {
		c.value(fmt.Sprintf("%s %s[%d]", where, name, i), a)
	}
}

// written is a value with !Sub as the text that it is of.
func written(value any) any {
	switch v := value.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, written(item))
		}
		return list
	case map[string]any:
		if text, ok := v["!Sub"]; ok {
			return text
		}
		m := map[string]any{}
		for key, item := range v {
			m[key] = written(item)
		}
		return m
	}
	return value
}

// here are the values that a template has for places of policies.
var here = awspolicy.Values{
	"PARTITION": "${AWS::Partition}", "REGION": "${AWS::Region}", "ACCOUNT": "${AWS::AccountId}", "PATH": "${ConfigurationPath}", "DNS_SUFFIX": "${AWS::URLSuffix}",
}

// samePolicy asserts that a template's policy is that of features.
func (c *template) samePolicy(policy any, features ...string) {
	c.t.Helper()
	var needs []awspolicy.Need
	for _, f := range features {
		needs = append(needs, awspolicy.Need{Feature: f})
	}
	c.samePolicyOf(policy, needs)
}

// samePolicyOf asserts that a template's policy is that of needs.
func (c *template) samePolicyOf(policy any, needs []awspolicy.Need) {
	c.t.Helper()
	want, err := awspolicy.Policy(needs, here)
	require.NoError(c.t, err)
	text, err := json.Marshal(want)
	require.NoError(c.t, err)
	assert.LessOrEqual(c.t, len(text), 6144, "what IAM takes as a managed policy")
	got, err := json.Marshal(written(policy))
	require.NoError(c.t, err)
	assert.JSONEq(c.t, string(text), string(got), "the policy of %v", needs)
}

func (c *template) property(resource, name string) any {
	return c.section("Resources")[resource].(map[string]any)["Properties"].(map[string]any)[name]
}

func TestEndpointsTemplate(t *testing.T) {
	t.Parallel()
	c := readTemplate(t, distribution+"vpc-endpoints/cloudformation.yaml")
	c.check()
	for _, service := range []string{"Logs", "Monitoring", "Ssm", "SsmMessages", "Ec2Messages", "Sts", "Xray", "Kms"} {
		name := strings.ToLower(service)
		assert.Equal(t, "com.amazonaws.${AWS::Region}."+name, written(c.property(service+"Endpoint", "ServiceName")))
		c.samePolicy(c.property(service+"Endpoint", "PolicyDocument"), "endpoint_"+name)
	}
}

// hostNeeds is what host.yaml needs.
func hostNeeds(t *testing.T) []awspolicy.Need {
	t.Helper()
	text, err := os.ReadFile("../../config/host.yaml")
	require.NoError(t, err)
	var merged map[string]any
	require.NoError(t, yaml.Unmarshal(text, &merged))
	needs, notes, err := awspolicy.Of(t.Context(), merged, nil)
	require.NoError(t, err)
	require.Empty(t, notes)
	return needs
}

func TestFleetTemplate(t *testing.T) {
	t.Parallel()
	c := readTemplate(t, distribution+"fleet/cloudformation.yaml")
	c.check()
	// What host.yaml needs, as `policy` prints it; groups below /otelcol-cloudwatch/ besides, which layers of the fleet
	// name; and what reads those layers and installs the package. Retention is for host.yaml's own group alone.
	needs := hostNeeds(t)
	for i := range needs {
		needs[i].Values["REGION"] = here["REGION"]
	}
	needs = append(needs, awspolicy.Need{Feature: "logs"}, awspolicy.Need{Feature: "log_creation"}, awspolicy.Need{Feature: "config_read"}, awspolicy.Need{Feature: "managed_node"})
	c.samePolicyOf(c.property("Policy", "PolicyDocument"), needs)
	c.samePolicy(c.property("InstanceRole", "AssumeRolePolicyDocument"), "trust_ec2")
	c.samePolicy(c.property("HybridRole", "AssumeRolePolicyDocument"), "trust_hybrid_activation")
	// What the association passes on has to be a parameter of the document, and a value that it takes.
	d := readDocument(t)
	for name, value := range c.property("Configure", "Parameters").(map[string]any) {
		p, ok := d.Parameters[name]
		require.True(t, ok, "the document has no parameter %s", name)
		if ref, ok := value.([]any)[0].(map[string]any); ok {
			value := c.section("Parameters")[ref["!Ref"].(string)].(map[string]any)["Default"]
			assert.Regexp(t, p.AllowedPattern, value, name)
		} else {
			assert.Contains(t, p.AllowedValues, value.([]any)[0])
		}
	}
}
