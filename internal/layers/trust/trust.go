package trust

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// Expand replaces the placeholders of a text as the collector does, and gives the value and, where that is a scalar, its text.
// before is called for each placeholder, with its scheme, before it is asked; its error ends the expansion.
type Expand func(ctx context.Context, text string, before func(uri string) error) (value any, asText string, err error)

// Host is what the rules need to know of this host.
type Host struct {
	// StateDir is the folder in which remote layers may have their state.
	StateDir string
	// GOOS is the system. Default: this one.
	GOOS string
	// LookupEnv finds variables. Default: os.LookupEnv.
	LookupEnv func(string) (string, bool)
}

// Check says what remote layers set that they may not, as an *Error. all are the layers that merged was made of. Another error
// is one of expand.
func Check(ctx context.Context, all []layers.Layer, merged *layers.Merged, policy Policy, host Host, expand Expand) error {
	if host.GOOS == "" {
		host.GOOS = runtime.GOOS
	}
	if host.LookupEnv == nil {
		host.LookupEnv = os.LookupEnv
	}
	c := &checker{policy: policy, host: host, merged: merged, expand: expand, rules: rules()}
	for _, leaf := range merged.Leaves() {
		if err := c.leaf(ctx, leaf); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(all, func(l layers.Layer) bool { return l.Remote }) {
		if err := c.guarded(all); err != nil {
			return err
		}
	}
	return c.err()
}

// checker collects what is refused.
type checker struct {
	policy  Policy
	host    Host
	merged  *layers.Merged
	expand  Expand
	rules   table
	refused []Refusal
	more    int
}

// mostRefusals is how many an error lists; a person reads the first ones.
const mostRefusals = 20

func (c *checker) refuse(r Refusal) {
	if slices.ContainsFunc(c.refused, func(have Refusal) bool {
		return have.Origin == r.Origin && have.Capability == r.Capability && slices.Equal(have.Path, r.Path)
	}) {
		return
	}
	if len(c.refused) >= mostRefusals {
		c.more++
		return
	}
	c.refused = append(c.refused, r)
}

func (c *checker) err() error {
	if len(c.refused) == 0 {
		return nil
	}
	return &Error{Refusals: c.refused, More: c.more}
}

// errRefused ends an expansion: the placeholder was refused, and is not asked.
var errRefused = errors.New("refused")

// leaf checks one value of the configuration.
func (c *checker) leaf(ctx context.Context, leaf layers.Leaf) error {
	text, isText := leaf.Value.(string)
	if !isText || !strings.Contains(text, "${") {
		if leaf.Remote {
			c.value(leaf, leaf.Path, leaf.Value, false)
		}
		return nil
	}
	remote := leaf.Remote
	var asked []string
	value, asText, err := c.expand(ctx, text, func(uri string) error {
		asked = append(asked, uri)
		if remote && !(!leaf.Remote && written(text, uri)) && !c.reference(leaf, uri) {
			return errRefused
		}
		scheme, _, _ := strings.Cut(uri, ":")
		remote = remote || layers.RemoteScheme(scheme)
		return nil
	})
	switch {
	case errors.Is(err, errRefused):
		return nil
	case err != nil:
		return err
	case !remote:
		return nil
	}
	leaf.Source = text
	local := leaf.Remote && len(asked) == 1 && c.setHere(text, asked[0])
	c.value(leaf, leaf.Path, value, local)
	if _, isText := value.(string); !isText && asText != "" && c.takesText(leaf.Path, value) {
		c.value(leaf, leaf.Path, asText, local) // a field that is a string gets this
	}
	return nil
}

// takesText reports whether a value may end in a field that is a string, which gets the text that YAML made a number or a map
// of: /etc/x: 5 is a map, and a path.
func (c *checker) takesText(path []string, value any) bool {
	switch value.(type) {
	case []any: // its items are no known keys of such a field
		return false
	case map[string]any, map[any]any:
		all, key := c.rulesOf(path)
		return slices.ContainsFunc(all, func(r rule) bool {
			return !slices.Contains(r.pattern, "**") && fits(r.pattern, key)
		})
	}
	return true
}

// rulesOf are the rules for a path, and its keys below the component.
func (c *checker) rulesOf(path []string) ([]rule, []string) {
	if path[0] == "service" {
		all, _ := c.rules.known("service", "")
		return all, path[1:]
	}
	if len(path) < 2 {
		return nil, nil
	}
	kind, _, _ := strings.Cut(path[1], "/")
	all, _ := c.rules.known(path[0], strings.TrimSpace(kind))
	return all, path[2:]
}

// written reports whether a placeholder stands in a text as it is: then who wrote the text has asked for it.
func written(text, uri string) bool {
	name, isVariable := strings.CutPrefix(uri, "env:")
	if !isVariable {
		return strings.Contains(text, "${"+uri+"}")
	}
	name, _, _ = strings.Cut(name, ":-") // the default may come from another placeholder
	for _, begin := range []string{"${env:", "${"} {
		if strings.Contains(text, begin+name+"}") || strings.Contains(text, begin+name+":-") {
			return true
		}
	}
	return false
}

// setHere reports whether a text is one variable of the environment which this host sets: what it holds was written here.
func (c *checker) setHere(text, uri string) bool {
	name, ok := strings.CutPrefix(uri, "env:")
	if !ok || text != "${"+uri+"}" && text != "${"+name+"}" {
		return false
	}
	name, _, _ = strings.Cut(name, ":-")
	_, ok = c.host.LookupEnv(name)
	return ok
}

// reference reports whether a remote layer may ask for what a placeholder names.
func (c *checker) reference(leaf layers.Leaf, uri string) bool {
	scheme, rest, _ := strings.Cut(uri, ":")
	need, why := Components, "has a placeholder of the unknown kind "+scheme+":"
	switch scheme {
	case "host", "yaml", "s3", "secretsmanager":
		return true
	case "ssm":
		if !strings.Contains(rest, "role_arn=") {
			return true
		}
		need, why = Credentials, "assumes a role"
	case "env":
		name, _, _ := strings.Cut(rest, ":-")
		if c.policy.variable(name) {
			return true
		}
		need, why = Environment, "reads the variable "+name+", which is not in the list for fetched layers"
	case "file", "dir":
		need, why = Read, "reads a file of the host"
	case "http", "https":
		if c.policy.host(uri, false) {
			return true
		}
		need, why = Send, "asks a host that is neither an AWS service nor allowed"
	}
	if c.policy.Allows(need) {
		return true
	}
	c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: need, Why: why, Origin: leaf.Origin})
	return false
}

// value checks what a remote layer puts at a path, and what is below. local says that the text comes from this host.
func (c *checker) value(leaf layers.Leaf, path []string, value any, local bool) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			c.value(leaf, append(slices.Clone(path), strings.Split(key, delimiter)...), child, local)
		}
		if len(v) > 0 {
			return
		}
	case map[any]any:
		for key, child := range v {
			c.value(leaf, append(slices.Clone(path), fmt.Sprint(key)), child, local)
		}
		return
	case []any:
		for i, child := range v {
			c.value(leaf, append(slices.Clone(path), fmt.Sprint(i)), child, local)
		}
		if len(v) > 0 {
			return
		}
	}
	need, why := c.judge(path, value, local)
	if need == "" || c.policy.Allows(need) {
		return
	}
	if _, isText := value.(string); isText && !leaf.Remote && need == Credentials && slices.Equal(path, leaf.Path) && layers.Secret(path) {
		return // a local layer takes a secret from where secrets are kept
	}
	c.refuse(Refusal{Path: path, Value: layers.Show(path, value), Capability: need, Why: why, Origin: leaf.Origin})
}

// judge is the capability that a value needs, and why; nothing where it needs none.
func (c *checker) judge(path []string, value any, local bool) (Capability, string) {
	all, key := c.rulesOf(path)
	if path[0] != "service" {
		if len(path) == 1 { // an empty section, or none
			if shapeless(value) {
				return "", ""
			}
			return Components, "is a section of which nothing is known"
		}
		kind, _, _ := strings.Cut(path[1], "/")
		if _, ok := c.rules.known(path[0], strings.TrimSpace(kind)); !ok {
			return Components, fmt.Sprintf("has the component %q, of which it is not known what it reaches", kind)
		}
	}
	word, ok := verdict(all, key)
	word, always := strings.CutSuffix(word, "!")
	if always {
		return Capability(word), does[Capability(word)]
	}
	if value == nil && (!ok || word != "exclude" && word != "credentials") {
		return "", "" // a default
	}
	if !ok {
		if shapeless(value) {
			return "", ""
		}
		return Components, "has a key of which it is not known what it reaches"
	}
	return c.apply(word, path, value, local)
}

// harmlessText are durations, sizes and numbers: neither a path, nor an address, nor a program. 6.6.6.6 is an address.
var harmlessText = regexp.MustCompile(`^$|^[-+]?[0-9]*\.?[0-9]*(?:ns|us|µs|ms|s|m|h)?(?:[0-9]+\.?[0-9]*(?:ms|s|m|h))*$|^[0-9]+ ?[kKMG]i?[bB]?$|^(?:true|false)$`)

// shapeless reports whether a value cannot name anything.
func shapeless(value any) bool {
	switch v := value.(type) {
	case string:
		return harmlessText.MatchString(strings.TrimSpace(v))
	case map[string]any, map[any]any, []any:
		return true // they are empty
	}
	return true
}
