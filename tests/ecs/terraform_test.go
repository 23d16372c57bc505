package ecs

import (
	"encoding/json"
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
	"aws_iam_policy_document": {
		"statement.sid", "statement.actions", "statement.resources", "statement.principals.type", "statement.principals.identifiers",
		"statement.condition.test", "statement.condition.variable", "statement.condition.values",
	},
	"aws_iam_role":        {"name", "assume_role_policy"},
	"aws_iam_role_policy": {"name", "role", "policy"},
	"aws_ecs_task_definition": {
		"family", "requires_compatibilities", "network_mode", "cpu", "memory", "task_role_arn", "execution_role_arn", "container_definitions", "depends_on",
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

// TestTerraformDefinesTheSameTask evaluates the module as far as it defines the task.
func TestTerraformDefinesTheSameTask(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			m := parse(t)
			functions := map[string]function.Function{
				"replace": stdlib.ReplaceFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc, "concat": stdlib.ConcatFunc,
				"contains": stdlib.ContainsFunc, "try": tryfunc.TryFunc,
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
			variables["kind"], variables["region"], variables["image"] = cty.StringVal(kind), cty.StringVal("eu-central-1"), cty.StringVal("collector:1")
			context := &hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{
				"path": object("module", filepath.Join(distribution, "terraform")),
				"var":  cty.ObjectVal(variables),
				"data": cty.ObjectVal(map[string]cty.Value{
					"aws_caller_identity":     cty.ObjectVal(map[string]cty.Value{"current": object("account_id", "123456789012")}),
					"aws_partition":           cty.ObjectVal(map[string]cty.Value{"current": object("partition", "aws")}),
					"aws_iam_policy_document": cty.ObjectVal(map[string]cty.Value{"trust": object("json", "{}"), "task": object("json", "{}"), "execution": object("json", "{}")}),
				}),
				"aws_cloudwatch_log_group": cty.ObjectVal(map[string]cty.Value{"own": object("name", "/ecs/otelcol-cloudwatch/shop", "arn", "arn:own")}),
				"aws_ssm_parameter":        cty.ObjectVal(map[string]cty.Value{"start": object("name", "/otelcol-cloudwatch/ecs/shop/start", "arn", "arn:start")}),
				"aws_iam_role": cty.ObjectVal(map[string]cty.Value{
					"task": object("arn", "arn:aws:iam::123456789012:role/otelcol-cloudwatch-task", "id", "task"), "execution": object("arn", "arn:aws:iam::123456789012:role/otelcol-cloudwatch-execution", "id", "execution"),
				}),
				"aws_iam_role_policy":     cty.ObjectVal(map[string]cty.Value{"task": object("id", "x"), "execution": object("id", "x")}),
				"aws_ecs_task_definition": cty.ObjectVal(map[string]cty.Value{"this": object("arn", "arn:definition")}),
				"aws_ecs_service":         cty.ObjectVal(map[string]cty.Value{"this": object("id", "arn:service")}),
			}}
			locals := map[string]cty.Value{}
			for range m.locals { // each needs those before it
				for name, a := range m.locals {
					if value, problems := a.Expr.Value(context); !problems.HasErrors() {
						locals[name] = value
					}
				}
				context.Variables["local"] = cty.ObjectVal(locals)
			}
			for name := range m.locals {
				require.Contains(t, locals, name)
			}
			// Every expression has a value.
			for name, b := range m.blocks {
				if b.Type == "variable" {
					continue
				}
				expressions(b.Body, "", nil, func(path string, e hclsyntax.Expression, scope []string) {
					if len(scope) == 0 {
						_, problems := e.Value(context)
						assert.False(t, problems.HasErrors(), "%s.%s: %s", name, path, problems)
					}
				})
			}

			task := m.blocks["aws_ecs_task_definition.this"].Body
			value := func(name string) cty.Value {
				v, problems := task.Attributes[name].Expr.Value(context)
				require.False(t, problems.HasErrors(), "%s", problems)
				return v
			}
			var defined map[string]any
			text := strings.NewReplacer("IMAGE", "collector:1", "REGION", "eu-central-1", "ACCOUNT", "123456789012",
				`"/ecs/otelcol-cloudwatch"`, `"/ecs/otelcol-cloudwatch/shop"`, "cloudwatch/ecs/start", "cloudwatch/ecs/shop/start").
				Replace(string(read(t, "task-definitions/"+kind+".json")))
			require.NoError(t, json.Unmarshal([]byte(text), &defined))
			containers, err := json.Marshal(defined["containerDefinitions"])
			require.NoError(t, err)
			assert.JSONEq(t, string(containers), value("container_definitions").AsString())
			for argument, key := range map[string]string{"network_mode": "networkMode", "cpu": "cpu", "memory": "memory", "task_role_arn": "taskRoleArn", "execution_role_arn": "executionRoleArn"} {
				if v := value(argument); v.IsNull() {
					assert.NotContains(t, defined, key)
				} else {
					assert.Equal(t, defined[key], v.AsString())
				}
			}
			volumes := []any{}
			content, _, problems := dynblock.Expand(task, context).PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "volume"}}})
			require.False(t, problems.HasErrors(), "%s", problems)
			for _, b := range content.Blocks {
				inner, problems := b.Body.Content(&hcl.BodySchema{
					Attributes: []hcl.AttributeSchema{{Name: "name"}, {Name: "host_path"}}, Blocks: []hcl.BlockHeaderSchema{{Type: "docker_volume_configuration"}},
				})
				require.False(t, problems.HasErrors(), "%s", problems)
				v := map[string]any{}
				name, _ := inner.Attributes["name"].Expr.Value(context)
				v["name"] = name.AsString()
				if host, _ := inner.Attributes["host_path"].Expr.Value(context); !host.IsNull() {
					v["host"] = map[string]any{"sourcePath": host.AsString()}
				}
				for _, docker := range inner.Blocks {
					attributes, problems := docker.Body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "scope"}, {Name: "driver"}}})
					require.False(t, problems.HasErrors(), "%s", problems)
					scope, problems := attributes.Attributes["scope"].Expr.Value(context)
					require.False(t, problems.HasErrors(), "%s", problems)
					driver, _ := attributes.Attributes["driver"].Expr.Value(context)
					v["dockerVolumeConfiguration"] = map[string]any{"scope": scope.AsString(), "driver": driver.AsString()}
				}
				volumes = append(volumes, v)
			}
			assert.Equal(t, defined["volumes"], volumes)
		})
	}
}
