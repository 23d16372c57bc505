// Package terraform checks the Terraform modules of distributions, as far as that can be done without Terraform and its
// providers: they parse, what they refer to is there, and their policies are files that there are. It is a module of its
// own for the parser's sake: make test-terraform.
package terraform

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// arguments are those of the resource and data types that the modules use, in blocks too (provider hashicorp/aws 5).
var arguments = map[string][]string{
	"aws_security_group":                  {"name", "name_prefix", "description", "vpc_id", "tags", "lifecycle", "create_before_destroy"},
	"aws_vpc_security_group_ingress_rule": {"security_group_id", "cidr_ipv4", "cidr_ipv6", "ip_protocol", "from_port", "to_port", "description", "tags"},
	"aws_vpc_endpoint": {
		"vpc_id", "service_name", "vpc_endpoint_type", "subnet_ids", "security_group_ids", "private_dns_enabled", "policy", "tags", "route_table_ids",
	},
	"aws_caller_identity": {}, "aws_partition": {}, "aws_region": {},
}

// attributes are what is read of them.
var attributes = map[string][]string{
	"aws_security_group": {"id"}, "aws_vpc_endpoint": {"dns_entry"},
	"aws_caller_identity": {"account_id"}, "aws_partition": {"partition"}, "aws_region": {"name"},
}

// meta are arguments of every resource.
var meta = []string{"for_each", "count", "depends_on", "provider"}

// functions are Terraform's that the modules call.
var functions = []string{"contains", "file", "length", "merge", "replace", "setsubtract", "toset", "yamlencode"}

// module is what a folder defines: variables, locals, resources as TYPE.NAME, data as data.TYPE.NAME, outputs.
type module struct {
	t       *testing.T
	defined map[string]bool
	used    map[string]bool
}

func TestModulesReferToWhatThereIs(t *testing.T) {
	for _, folder := range folders(t) {
		t.Run(folder, func(t *testing.T) {
			m := &module{t, map[string]bool{"path.module": true}, map[string]bool{}}
			var bodies []*hclsyntax.Body
			files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range files {
				f, problems := hclparse.NewParser().ParseHCLFile(path)
				if problems.HasErrors() {
					t.Fatal(problems)
				}
				bodies = append(bodies, f.Body.(*hclsyntax.Body))
			}
			for _, b := range bodies {
				m.define(b)
			}
			for _, b := range bodies {
				m.check(b)
			}
			for name := range m.defined {
				if strings.HasPrefix(name, "var.") && !m.used[name] {
					t.Errorf("%s is not used", name)
				}
			}
		})
	}
}

// folders are those below distributions/aws that have a module.
func folders(t *testing.T) []string {
	found := map[string]bool{}
	err := filepath.WalkDir("../../distributions/aws", func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".tf") {
			found[filepath.Dir(path)] = true
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatal("no modules", err)
	}
	var all []string
	for f := range found {
		all = append(all, f)
	}
	slices.Sort(all)
	return all
}

func (m *module) define(b *hclsyntax.Body) {
	for _, block := range b.Blocks {
		name := strings.Join(block.Labels, ".")
		switch block.Type {
		case "variable":
			name = "var." + name
			for _, needed := range []string{"type", "description"} {
				if block.Body.Attributes[needed] == nil {
					m.t.Errorf("%s has no %s", name, needed)
				}
			}
		case "data":
			name = "data." + name
		case "output":
			if block.Body.Attributes["value"] == nil || block.Body.Attributes["description"] == nil {
				m.t.Errorf("output %s has no value or no description", name)
			}
			name = "output." + name
		case "locals":
			for local := range block.Body.Attributes {
				m.defined["local."+local] = true
			}
			continue
		case "resource":
		case "terraform":
			continue
		default:
			m.t.Errorf("%s: a block %q is not known here", block.DefRange(), block.Type)
		}
		if m.defined[name] {
			m.t.Errorf("%s stands twice", name)
		}
		m.defined[name] = true
	}
}

func (m *module) check(b *hclsyntax.Body) {
	for _, block := range b.Blocks {
		if block.Type == "terraform" {
			continue
		}
		if block.Type == "resource" || block.Type == "data" {
			known, ok := arguments[block.Labels[0]]
			if !ok {
				m.t.Errorf("%s: the type is not in the table of this test", block.DefRange())
			}
			m.arguments(block.Body, append(slices.Clone(known), meta...))
		}
		if block.Type == "variable" {
			delete(block.Body.Attributes, "type") // a type is no expression
		}
		m.body(block.Body)
	}
}

func (m *module) arguments(b *hclsyntax.Body, known []string) {
	for name, a := range b.Attributes {
		if !slices.Contains(known, name) {
			m.t.Errorf("%s: there is no argument %s", a.SrcRange, name)
		}
	}
	for _, block := range b.Blocks {
		if !slices.Contains(known, block.Type) {
			m.t.Errorf("%s: there is no block %s", block.DefRange(), block.Type)
		}
		m.arguments(block.Body, known)
	}
}

func (m *module) body(b *hclsyntax.Body) {
	for _, a := range b.Attributes {
		for _, v := range a.Expr.Variables() { // those of for expressions are left out
			m.reference(v)
		}
		problems := hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
			if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && !slices.Contains(functions, call.Name) {
				m.t.Errorf("%s: the function %s is not known here", call.Range(), call.Name)
			}
			return nil
		})
		if problems.HasErrors() {
			m.t.Error(problems)
		}
	}
	for _, block := range b.Blocks {
		m.body(block.Body)
	}
}

func (m *module) reference(v hcl.Traversal) {
	root := v.RootName()
	if root == "each" || root == "count" {
		return
	}
	var names []string
	for _, step := range v {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, s.Name)
		case hcl.TraverseAttr:
			names = append(names, s.Name)
		}
	}
	parts := 2
	if root == "data" {
		parts = 3
	}
	if len(names) < parts {
		m.t.Errorf("%s: %v is no reference", v.SourceRange(), names)
		return
	}
	name := strings.Join(names[:parts], ".")
	m.used[name] = true
	if !m.defined[name] {
		m.t.Errorf("%s: there is no %s", v.SourceRange(), name)
	}
	if kind := names[parts-2]; attributes[kind] != nil && len(names) > parts && !slices.Contains(attributes[kind], names[parts]) {
		m.t.Errorf("%s: %s has no attribute %s", v.SourceRange(), kind, names[parts])
	}
}

// Each service that the module takes has a policy, and each policy's open places are those that it fills.
func TestServicesHavePolicies(t *testing.T) {
	const folder = "../../distributions/aws/vpc-endpoints/terraform"
	text, err := os.ReadFile(filepath.Join(folder, "variables.tf"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`setsubtract\(var\.services, \[([^\]]*)\]`).FindStringSubmatch(string(text))
	if list == nil {
		t.Fatal("no list of services")
	}
	services := regexp.MustCompile(`[a-z0-9]+`).FindAllString(list[1], -1)
	policies, err := filepath.Glob("../../distributions/aws/policies/endpoint_*.json")
	if err != nil || len(policies) != len(services) {
		t.Errorf("%d policies of endpoints, %d services, %v", len(policies), len(services), err)
	}
	for _, s := range services {
		policy, err := os.ReadFile("../../distributions/aws/policies/endpoint_" + s + ".json")
		if err != nil {
			t.Error(err)
		}
		for _, open := range regexp.MustCompile(`\{[A-Z_]+\}`).FindAllString(string(policy), -1) {
			if open != "{ACCOUNT}" {
				t.Errorf("%s has %s open, which the module does not fill", s, open)
			}
		}
	}
}
