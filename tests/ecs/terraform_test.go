package ecs

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// arguments are those that we use of each type (provider hashicorp/aws 5), blocks as BLOCK.ARGUMENT.
var arguments = map[string][]string{
	"aws_caller_identity": {}, "aws_partition": {},
	"aws_cloudwatch_log_group": {"name", "retention_in_days"},
	"aws_ssm_parameter":        {"name", "type", "tier", "value"},
	"aws_iam_role":             {"name", "assume_role_policy"},
	"aws_iam_role_policy":      {"name", "role", "policy"},
	"aws_ecs_task_definition": {
		"family", "requires_compatibilities", "network_mode", "cpu", "memory", "task_role_arn", "execution_role_arn", "container_definitions", "depends_on",
		"runtime_platform.cpu_architecture", "runtime_platform.operating_system_family",
		"volume.name", "volume.host_path", "volume.docker_volume_configuration.scope", "volume.docker_volume_configuration.driver",
	},
	"aws_ecs_service": {
		"name", "cluster", "task_definition", "launch_type", "scheduling_strategy", "desired_count",
		"network_configuration.subnets", "network_configuration.security_groups", "network_configuration.assign_public_ip",
	},
}

func object(pairs ...string) cty.Value {
	m := map[string]cty.Value{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = cty.StringVal(pairs[i+1])
	}
	return cty.ObjectVal(m)
}

// module is the Terraform module: its blocks by TYPE.NAME, data.TYPE.NAME, var.NAME, local.NAME and output.NAME.
type module struct {
	blocks map[string]*hclsyntax.Block
	locals hclsyntax.Attributes
}

func parse(t *testing.T) *module {
	t.Helper()
	m := &module{map[string]*hclsyntax.Block{}, hclsyntax.Attributes{}}
	files, err := filepath.Glob(filepath.Join(distribution, "terraform", "*.tf"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, path := range files {
		file, problems := hclparse.NewParser().ParseHCLFile(path)
		require.False(t, problems.HasErrors(), "%s", problems)
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			name := strings.Join(b.Labels, ".")
			switch b.Type {
			case "variable":
				name = "var." + name
				assert.Contains(t, b.Body.Attributes, "type", name)
				assert.Contains(t, b.Body.Attributes, "description", name)
			case "output":
				name = "output." + name
				assert.Contains(t, b.Body.Attributes, "description", name)
			case "data":
				name = "data." + name
			case "resource":
			case "locals":
				for local, a := range b.Body.Attributes {
					m.locals[local] = a
				}
				continue
			case "terraform":
				continue
			default:
				t.Errorf("a block %s is not known here", b.Type)
			}
			assert.NotContains(t, m.blocks, name)
			m.blocks[name] = b
		}
	}
	return m
}

// expressions calls f for each expression of a body, with its path, and the names that dynamic blocks define around it.
func expressions(b *hclsyntax.Body, path string, scope []string, f func(path string, e hclsyntax.Expression, scope []string)) {
	for name, a := range b.Attributes {
		f(path+name, a.Expr, scope)
	}
	for _, block := range b.Blocks {
		if block.Type != "dynamic" {
			expressions(block.Body, path+block.Type+".", scope, f)
			continue
		}
		f(path+block.Labels[0], block.Body.Attributes["for_each"].Expr, scope)
		for _, content := range block.Body.Blocks {
			expressions(content.Body, path+block.Labels[0]+".", append(slices.Clone(scope), block.Labels[0]), f)
		}
	}
}

func TestTerraformRefersToWhatThereIs(t *testing.T) {
	m := parse(t)
	used := map[string]bool{}
	refer := func(where string, e hclsyntax.Expression, scope []string) {
		for _, v := range e.Variables() {
			names := []string{}
			for _, step := range v {
				switch s := step.(type) {
				case hcl.TraverseRoot:
					names = append(names, s.Name)
				case hcl.TraverseAttr:
					names = append(names, s.Name)
				}
			}
			switch root := names[0]; {
			case slices.Contains(scope, root), root == "path":
			case root == "local":
				assert.Contains(t, m.locals, names[1], where)
			case root == "data":
				assert.Contains(t, m.blocks, strings.Join(names[:3], "."), where)
			default:
				name := strings.Join(names[:2], ".")
				assert.Contains(t, m.blocks, name, where)
				used[name] = true
			}
		}
	}
	for name, a := range m.locals {
		refer("local."+name, a.Expr, nil)
	}
	for name, b := range m.blocks {
		known, typed := arguments[b.Labels[0]]
		if b.Type == "resource" || b.Type == "data" {
			require.True(t, typed, "%s is not in the table of this test", b.Labels[0])
		}
		expressions(b.Body, "", nil, func(path string, e hclsyntax.Expression, scope []string) {
			if b.Type == "variable" && path == "type" {
				return // no expression
			}
			if typed && !strings.Contains(path, ".") && slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, path+".") }) {
				// for_each of a dynamic block
			} else if typed && !slices.ContainsFunc(known, func(k string) bool { return k == path || strings.HasPrefix(k, path+".") }) {
				t.Errorf("%s: there is no argument %s", name, path)
			}
			refer(name+"."+path, e, scope)
		})
	}
	for name, b := range m.blocks {
		if b.Type == "variable" {
			assert.True(t, used[name], "%s is not used", name)
		}
	}
}

// evaluate gives locals and expressions of the module their values, in a partition, with variables over the defaults.
func evaluate(t *testing.T, m *module, partition string, given map[string]cty.Value) *hcl.EvalContext {
	t.Helper()
	functions := map[string]function.Function{
		"replace": stdlib.ReplaceFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc, "concat": stdlib.ConcatFunc,
		"contains": stdlib.ContainsFunc, "try": tryfunc.TryFunc, "can": tryfunc.CanFunc,
		"file": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "path", Type: cty.String}}, Type: function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				text, err := os.ReadFile(args[0].AsString())
				return cty.StringVal(string(text)), err
			},
		}),
	}
	variables := map[string]cty.Value{}
	for name, b := range m.blocks {
		if variable, ok := strings.CutPrefix(name, "var."); ok && b.Body.Attributes["default"] != nil {
			value, problems := b.Body.Attributes["default"].Expr.Value(nil)
			require.False(t, problems.HasErrors(), "%s", problems)
			variables[variable] = value
		}
	}
	maps.Copy(variables, given)
	variables["region"], variables["image"] = cty.StringVal("eu-central-1"), cty.StringVal("collector:1")
	context := &hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{
		"path": object("module", filepath.Join(distribution, "terraform")),
		"var":  cty.ObjectVal(variables),
		"data": cty.ObjectVal(map[string]cty.Value{
			"aws_caller_identity": cty.ObjectVal(map[string]cty.Value{"current": object("account_id", "123456789012")}),
			"aws_partition":       cty.ObjectVal(map[string]cty.Value{"current": object("partition", partition)}),
		}),
		"aws_cloudwatch_log_group": cty.ObjectVal(map[string]cty.Value{"own": object("name", "/ecs/otelcol-cloudwatch/shop")}),
		"aws_ssm_parameter":        cty.ObjectVal(map[string]cty.Value{"start": object("name", "/otelcol-cloudwatch/ecs/shop/start")}),
		"aws_iam_role": cty.ObjectVal(map[string]cty.Value{
			"task": object("arn", "task role", "id", "task"), "execution": object("arn", "execution role", "id", "execution"),
		}),
		"aws_iam_role_policy":     cty.ObjectVal(map[string]cty.Value{"task": object("id", "x"), "execution": object("id", "x")}),
		"aws_ecs_task_definition": cty.ObjectVal(map[string]cty.Value{"this": object("arn", "definition")}),
		"aws_ecs_service":         cty.ObjectVal(map[string]cty.Value{"this": object("id", "service")}),
	}}
	locals := map[string]cty.Value{}
	var failed hcl.Diagnostics
	for range m.locals { // each needs those before it
		failed = nil
		for name, a := range m.locals {
			value, problems := a.Expr.Value(context)
			if !problems.HasErrors() {
				locals[name] = value
			}
			failed = append(failed, problems...)
		}
		context.Variables["local"] = cty.ObjectVal(locals)
	}
	require.False(t, failed.HasErrors(), "%s", failed)
	// Every expression has a value, and what users may not write is refused.
	for name, b := range m.blocks {
		expressions(b.Body, "", nil, func(path string, e hclsyntax.Expression, scope []string) {
			if len(scope) > 0 || b.Type == "variable" && path == "type" {
				return
			}
			value, problems := e.Value(context)
			assert.False(t, problems.HasErrors(), "%s.%s: %s", name, path, problems)
			if path == "validation.condition" {
				assert.True(t, value.True(), "%s is refused", name)
			}
		})
	}
	return context
}

// text is an argument's value; "" where it is null.
func (m *module) text(t *testing.T, context *hcl.EvalContext, block, argument string) string {
	t.Helper()
	v, problems := m.blocks[block].Body.Attributes[argument].Expr.Value(context)
	require.False(t, problems.HasErrors(), "%s", problems)
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}

// dynamic are the blocks of a type that a body has in the end, as maps. inner are their blocks.
func dynamic(t *testing.T, body hcl.Body, context *hcl.EvalContext, kind string, attributes []string, inner map[string][]string) []map[string]any {
	t.Helper()
	content, _, problems := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: kind}}})
	require.False(t, problems.HasErrors(), "%s", problems)
	schema := &hcl.BodySchema{}
	for _, a := range attributes {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: a})
	}
	for b := range inner {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: b})
	}
	found := []map[string]any{}
	for _, b := range content.Blocks {
		have, problems := b.Body.Content(schema)
		require.False(t, problems.HasErrors(), "%s", problems)
		values := map[string]any{}
		for name, a := range have.Attributes {
			value, problems := a.Expr.Value(context)
			require.False(t, problems.HasErrors(), "%s", problems)
			if !value.IsNull() {
				values[name] = value.AsString()
			}
		}
		for name, attributes := range inner {
			if below := dynamic(t, b.Body, context, name, attributes, nil); len(below) > 0 {
				require.Len(t, below, 1)
				values[name] = below[0]
			}
		}
		found = append(found, values)
	}
	return found
}

// mine is what the task definitions and policies leave open, as the module fills it.
var mine = strings.NewReplacer("{IMAGE}", "collector:1", "{REGION}", "eu-central-1", "{ACCOUNT}", "123456789012", "{CLUSTER}", "default", "{FAMILY}", "shop",
	`"/ecs/otelcol-cloudwatch"`, `"/ecs/otelcol-cloudwatch/shop"`, "group:/ecs/otelcol-cloudwatch:", "group:/ecs/otelcol-cloudwatch/shop:",
	"cloudwatch/ecs/start", "cloudwatch/ecs/shop/start")

// TestTerraformDefinesTheSameTask evaluates the module: task and policies are those of the folder.
func TestTerraformDefinesTheSameTask(t *testing.T) {
	const task = "aws_ecs_task_definition.this"
	roles := map[string]string{"fargate": "task-role", "ec2": "task-role", "daemon": "daemon-role"}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := parse(t)
			context := evaluate(t, m, "aws", map[string]cty.Value{"kind": cty.StringVal(kind)})
			defined := decode(t, []byte(mine.Replace(string(read(t, "task-definitions/"+kind+".json"))))).(map[string]any)
			containers, err := json.Marshal(defined["containerDefinitions"])
			require.NoError(t, err)
			assert.JSONEq(t, string(containers), m.text(t, context, task, "container_definitions"))
			for argument, key := range map[string]string{"network_mode": "networkMode", "cpu": "cpu", "memory": "memory"} {
				have := m.text(t, context, task, argument)
				if want, ok := defined[key]; ok {
					assert.Equal(t, want, have)
				} else {
					assert.Empty(t, have)
				}
			}
			assert.Equal(t, "task role", m.text(t, context, task, "task_role_arn"))
			assert.Equal(t, "execution role", m.text(t, context, task, "execution_role_arn"))

			body := dynblock.Expand(m.blocks[task].Body, context)
			volumes := []any{}
			for _, v := range dynamic(t, body, context, "volume", []string{"name", "host_path"}, map[string][]string{"docker_volume_configuration": {"scope", "driver"}}) {
				volume := map[string]any{"name": v["name"]}
				if path, ok := v["host_path"]; ok {
					volume["host"] = map[string]any{"sourcePath": path}
				}
				if docker, ok := v["docker_volume_configuration"]; ok {
					volume["dockerVolumeConfiguration"] = docker
				}
				volumes = append(volumes, volume)
			}
			assert.Equal(t, defined["volumes"], volumes)
			platforms := dynamic(t, body, context, "runtime_platform", []string{"cpu_architecture", "operating_system_family"}, nil)
			if platform, ok := defined["runtimePlatform"].(map[string]any); ok {
				assert.Equal(t, []map[string]any{{"cpu_architecture": platform["cpuArchitecture"], "operating_system_family": platform["operatingSystemFamily"]}}, platforms)
			} else {
				assert.Empty(t, platforms)
			}
			networks, _, problems := dynblock.Expand(m.blocks["aws_ecs_service.this"].Body, context).PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "network_configuration"}}})
			require.False(t, problems.HasErrors(), "%s", problems)
			assert.Equal(t, defined["networkMode"] == "awsvpc", len(networks.Blocks) == 1, "awsvpc alone has a network of the task's own")

			for block, policy := range map[string]string{"aws_iam_role_policy.task": roles[kind], "aws_iam_role_policy.execution": "execution-role"} {
				assert.JSONEq(t, mine.Replace(string(read(t, "policies/"+policy+".json"))), m.text(t, context, block, "policy"))
			}
			for _, role := range []string{"aws_iam_role.task", "aws_iam_role.execution"} {
				assert.JSONEq(t, mine.Replace(string(read(t, "policies/trust.json"))), m.text(t, context, role, "assume_role_policy"))
			}

			elsewhere := evaluate(t, m, "aws-cn", map[string]cty.Value{"kind": cty.StringVal(kind)})
			for block, argument := range map[string]string{task: "container_definitions", "aws_iam_role_policy.task": "policy", "aws_iam_role_policy.execution": "policy", "aws_iam_role.task": "assume_role_policy"} {
				assert.NotContains(t, m.text(t, elsewhere, block, argument), "arn:aws:", "%s in another partition", block)
			}
		})
	}
}

func TestTerraformTakesAnApplicationOfOnesOwn(t *testing.T) {
	m := parse(t)
	own := `{"name": "shop", "image": "shop:7", "dependsOn": [{"containerName": "collector", "condition": "HEALTHY"}]}`
	context := evaluate(t, m, "aws", map[string]cty.Value{"application": cty.StringVal(own)})
	containers := decode(t, []byte(m.text(t, context, "aws_ecs_task_definition.this", "container_definitions"))).([]any)
	require.Len(t, containers, 2)
	assert.Equal(t, decode(t, []byte(own)), containers[0])
	assert.Equal(t, "collector", containers[1].(map[string]any)["name"])
}
