package trust

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
		need, fine = Send, isEmpty(value) || each(keys, text, func(s string) bool { return slices.Contains(askingNobody, s) })
	case "header":
		need, fine = Credentials, isEmpty(value) || !identifies(keys) || c.notAWS(keys)
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

// excluding are the keys with which a receiver leaves files out.
var excluding = []string{"exclude", "exclude_names", "exclude_older_than"}

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

// ownSources are those of the identity that AWS, Kubernetes or this host's environment gives to the process.
var ownSources = []string{"", "default", "container", "instance", "ssm_agent", "serviceAccount", "none"}

// askingNobody are the detectors that ask nobody but the host and AWS.
var askingNobody = []string{"env", "system", "ec2", "ecs", "eks", "lambda", "elastic_beanstalk"}

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
