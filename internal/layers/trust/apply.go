package trust

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// does says what a configuration does that needs a capability.
var does = map[Capability]string{
	Programs:    "runs a program",
	Read:        "reads files outside the allowed paths",
	Write:       "writes or removes files outside the state folder",
	Environment: "reads the environment",
	Listen:      "listens on more than loopback, or shows what the collector has",
	Send:        "sends to, or asks, a host that is neither an AWS service nor allowed, or does so without a check of its certificate",
	Credentials: "chooses or hands out credentials",
	Routes:      "changes the route table",
	Override:    "changes or removes what a local layer protects",
}

// apply judges a value by the word of its rule.
func (c *checker) apply(word string, keys []string, value any, local bool) (Capability, string) {
	text := fmt.Sprint(value)
	need, fine := Components, false
	switch word {
	case "ok", "bound":
		return "", ""
	case "logs":
		need, fine = Read, local || isEmpty(value) || each(keys, text, func(s string) bool { return c.policy.logs(s, c.host.GOOS) })
	case "exclude":
		return c.exclude(keys)
	case "state":
		need, fine = Write, local || text == "" || inside(text, c.host.StateDir, c.host.GOOS) && !inside(text, path.Join(slashes(c.host.StateDir), "config"), c.host.GOOS)
	case "output":
		need, fine = Write, local || isEmpty(value) || each(keys, text, func(s string) bool { return s == "stdout" || s == "stderr" })
	case "listen":
		need, fine = Listen, local || value == false || loopbackListener(text)
	case "listen_host":
		need, fine = Listen, local || isLoopback(strings.ToLower(text))
	case "network":
		need, fine = Listen, slices.Contains([]string{"", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"}, text)
	case "host":
		need, fine = Send, local || text == "" || c.policy.host(text, false)
	case "scrape":
		need, fine = Send, local || c.policy.host(text, true)
	case "relabel":
		need, fine = Send, !strings.HasPrefix(text, "__") && !strings.Contains(text, "$") && !strings.EqualFold(text, "labelmap")
	case "operator":
		need, fine = Write, slices.Contains(parsing, text)
	case "expression":
		need, fine = Environment, !callsEnvironment(text)
	case "detector":
		need, fine = Send, slices.Contains([]string{"env", "system", "ec2", "ecs", "eks", "lambda", "elastic_beanstalk"}, text)
	case "variable":
		need, fine = Environment, c.policy.variable(text)
	case "source":
		need, fine = Credentials, slices.Contains(ownSources, text)
	case "query":
		need, fine = Read, !strings.Contains(strings.ToLower(text), "file:") && !strings.ContainsAny(text, "&!")
	default:
		need = Capability(word)
		_, isMap := value.(map[string]any)
		fine = len(keys) > 2 && (value == nil || isEmpty(value) && !isMap) || value == false
	}
	if fine {
		return "", ""
	}
	return need, does[need]
}

// isEmpty reports whether a value is an empty list, map or text.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// each asks for each part of a text that the decoder makes a list of: one at a key which is no index.
func each(keys []string, text string, fine func(string) bool) bool {
	if _, err := strconv.ParseUint(keys[len(keys)-1], 10, 32); err == nil {
		return fine(text)
	}
	return !slices.ContainsFunc(strings.Split(text, ","), func(s string) bool { return !fine(strings.TrimSpace(s)) })
}

// exclude looks at the whole include of a receiver whose exclude a remote layer sets: what the local layer has left out may be
// in again.
func (c *checker) exclude(path []string) (Capability, string) {
	for _, leaf := range c.merged.Leaves(path[0], path[1], "include") {
		text, isText := leaf.Value.(string)
		if leaf.Remote || !isText {
			continue // it is checked by itself
		}
		if strings.Contains(text, "${") || !c.policy.logs(text, c.host.GOOS) {
			return Read, "changes what a local layer leaves out of files that are not in the allowed paths"
		}
	}
	return "", ""
}

// ownSources are those of the identity that AWS or this host's environment gives to the process.
var ownSources = []string{"", "default", "container", "instance", "ssm_agent"}

// parsing are the operators of stanza that change a record and nothing else.
var parsing = []string{
	"add", "assign_keys", "container", "copy", "csv_parser", "filter", "flatten", "json_array_parser", "json_parser", "key_value_parser",
	"keyvalue_parser", "move", "noop", "recombine", "regex_parser", "regex_replace", "remove", "retain", "router", "sanitize_utf8",
	"scope_name_parser", "severity_parser", "syslog_parser", "time_parser", "trace_parser", "unquote", "uri_parser", "limit", "metadata",
}

var (
	environmentName = regexp.MustCompile(`os_env_func|(?:^|[^A-Za-z0-9_])\$?env(?:[^A-Za-z0-9_]|$)`)
	called          = regexp.MustCompile(`[(\[|]`)
)

// callsEnvironment reports whether an expression may ask for a variable: env("NAME") in whatever form.
func callsEnvironment(text string) bool {
	return strings.Contains(text, "os_env_func") || environmentName.MatchString(text) && called.MatchString(text)
}

// guarded compares what local layers alone make with what all make: a remote layer may add to it, and neither change nor pass
// by the processors that stand behind a local receiver, nor remove an extension.
func (c *checker) guarded(all []layers.Layer) error {
	var local []layers.Layer
	for _, l := range all {
		if !l.Remote {
			local = append(local, l)
		}
	}
	alone, err := layers.MergePart(local)
	if err != nil {
		return err
	}
	c.routes(alone)
	if !c.policy.Allows(Override) {
		c.processors(alone)
		c.removed(alone)
		c.pipelines(alone)
		c.bounds(alone)
	}
	return nil
}

// tunable are the processors whose settings say how much, and not what, is sent.
var tunable = []string{"memory_limiter", "batch", "resource_detection", "resourcedetection"}

// processors refuses changes of local processors.
func (c *checker) processors(alone *layers.Merged) {
	for _, name := range alone.Keys("processors") {
		kind, _, _ := strings.Cut(name, "/")
		if !c.merged.Has("processors", name) {
			c.override([]string{"processors", name}, nil, "removes a processor of a local layer")
			continue
		}
		if slices.Contains(tunable, strings.TrimSpace(kind)) {
			continue
		}
		for _, leaf := range c.merged.Leaves("processors", name) {
			if leaf.Remote && len(leaf.Path) > 2 {
				c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Override, Why: "changes a processor of a local layer", Origin: leaf.Origin})
			}
		}
		for _, leaf := range alone.Leaves("processors", name) {
			if !c.merged.Has(leaf.Path...) {
				c.override(leaf.Path, nil, "removes a setting of a processor of a local layer")
			}
		}
	}
}

// routes refuses changes of a local route table.
func (c *checker) routes(alone *layers.Merged) {
	for _, name := range alone.Keys("extensions") {
		kind, _, _ := strings.Cut(name, "/")
		if tableKey("", kind) != tableKey("", "endpoint_routing") || c.policy.Allows(Routes) {
			continue
		}
		for _, leaf := range c.merged.Leaves("extensions", name) {
			if leaf.Remote && len(leaf.Path) > 2 {
				c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Routes, Why: does[Routes] + " of a local layer", Origin: leaf.Origin})
			}
		}
		for _, leaf := range alone.Leaves("extensions", name) {
			if c.merged.Has("extensions", name) && !c.merged.Has(leaf.Path...) {
				c.refuse(Refusal{Path: leaf.Path, Capability: Routes, Why: "removes a setting of the route table of a local layer", Origin: c.merged.Culprit(leaf.Path)})
			}
		}
	}
}

// removed refuses that local extensions, and what local receivers leave out, go.
func (c *checker) removed(alone *layers.Merged) {
	kept := c.merged.List("service", "extensions")
	for _, name := range alone.List("service", "extensions") {
		if !slices.Contains(kept, name) {
			c.override([]string{"service", "extensions"}, name, "removes an extension of a local layer")
		}
	}
	for _, name := range alone.Keys("receivers") {
		path := []string{"receivers", name, "exclude"}
		if alone.Has(path...) && !c.merged.Has(path...) && c.merged.Has("receivers", name) {
			if need, why := c.exclude(path); need != "" && !c.policy.Allows(need) {
				c.override(path, nil, why)
			}
		}
	}
	for _, leaf := range alone.Leaves() {
		if len(leaf.Path) < 3 || c.merged.Has(leaf.Path...) || !c.merged.Has(leaf.Path[:2]...) {
			continue
		}
		all, key := c.rulesOf(leaf.Path)
		word, _ := verdict(all, key)
		if need := Capability(word); (need == Credentials || need == Programs) && !c.policy.Allows(need) {
			c.override(leaf.Path, nil, "removes what a local layer says of credentials")
		}
	}
}

// bounds refuses changes of what a local layer says of the groups that records may name.
func (c *checker) bounds(alone *layers.Merged) {
	bound := func(path []string) bool {
		if len(path) < 3 || path[0] == "service" {
			return false
		}
		all, key := c.rulesOf(path)
		word, _ := verdict(all, key)
		return word == "bound"
	}
	for _, leaf := range c.merged.Leaves() {
		if leaf.Remote && bound(leaf.Path) && leaf.Value != "ignore" && alone.Has(leaf.Path[:3]...) { // embedded_metrics: ignore is the narrower
			c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Override, Why: "changes which groups a local layer lets records name", Origin: leaf.Origin})
		}
	}
	for _, leaf := range alone.Leaves() {
		if bound(leaf.Path) && !c.merged.Has(leaf.Path...) && c.merged.Has(leaf.Path[:2]...) {
			c.override(leaf.Path, nil, "removes which groups a local layer lets records name")
		}
	}
}

// pipelines refuses pipelines that take from a local receiver without its processors.
func (c *checker) pipelines(alone *layers.Merged) {
	for _, name := range c.merged.Keys("service", "pipelines") {
		receivers := c.merged.List("service", "pipelines", name, "receivers")
		processors := c.merged.List("service", "pipelines", name, "processors")
		for _, receiver := range receivers {
			if missing, guarded := bypassed(alone, name, receiver, processors); guarded {
				path := []string{"service", "pipelines", name, "processors"}
				c.override(path, nil, fmt.Sprintf("sends what the local receiver %s has without the local processor %s", receiver, missing))
			}
		}
	}
}

// bypassed reports whether a pipeline has fewer processors behind a receiver than each local pipeline of its signal has.
func bypassed(alone *layers.Merged, pipeline, receiver string, processors []string) (missing string, yes bool) {
	signal, _, _ := strings.Cut(pipeline, "/")
	for _, local := range alone.Keys("service", "pipelines") {
		if s, _, _ := strings.Cut(local, "/"); strings.TrimSpace(s) != strings.TrimSpace(signal) || !slices.Contains(alone.List("service", "pipelines", local, "receivers"), receiver) {
			continue
		}
		at, lacks := 0, ""
		for _, want := range alone.List("service", "pipelines", local, "processors") {
			i := slices.Index(processors[at:], want)
			if i < 0 {
				lacks = want
				break
			}
			at += i + 1
		}
		if lacks == "" {
			return "", false
		}
		missing, yes = lacks, true
	}
	return missing, yes
}

// override refuses what is not there any more. The layer that it names is the last remote one that wrote near it.
func (c *checker) override(path []string, value any, why string) {
	c.refuse(Refusal{Path: path, Value: layers.Show(path, value), Capability: Override, Why: why, Origin: c.merged.Culprit(path)})
}
