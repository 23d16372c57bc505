package trust

import (
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

const delimiter = "::"

// Capability is one way in which a configuration reaches into the host.
type Capability string

// The capabilities.
const (
	Programs    Capability = "programs"    // runs programs
	Read        Capability = "read"        // reads files outside the allowed paths, and ${file:}
	Write       Capability = "write"       // writes or removes files outside the state folder
	Environment Capability = "environment" // reads variables that are not in the list
	Listen      Capability = "listen"      // listens on more than loopback
	Send        Capability = "send"        // sends to, or asks, hosts that are neither AWS nor allowed
	Credentials Capability = "credentials" // chooses credentials and roles, or hands them out
	Routes      Capability = "routes"      // changes the route table
	Override    Capability = "override"    // changes or removes a local processor, or removes a local extension
	Components  Capability = "components"  // has components and keys that rules.txt does not know
)

// Capabilities are all of them.
var Capabilities = []Capability{Programs, Read, Write, Environment, Listen, Send, Credentials, Routes, Override, Components}

// UnmarshalText accepts the name of a capability.
func (c *Capability) UnmarshalText(text []byte) error {
	if !slices.Contains(Capabilities, Capability(text)) {
		return fmt.Errorf("invalid capability %q: use %s", text, list(Capabilities))
	}
	*c = Capability(text)
	return nil
}

func list(all []Capability) string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

// Policy is what local layers allow remote ones: the section remote_layers.
type Policy struct {
	// Allow are the capabilities that remote layers have as a whole. Default: none.
	Allow []Capability
	// Paths are folders, with * for a part of a name, below which remote layers may name log files.
	// Default: DefaultPaths. An empty list allows none.
	Paths []string
	// Hosts are names or addresses, with or without a port, that remote layers may send to beside AWS's services;
	// *.NAME stands for all names below. Default: none.
	Hosts []string
	// Environment are the variables, with * at the end, that remote layers may use beside DefaultEnvironment.
	Environment []string
}

// Allows reports whether a capability is granted as a whole.
func (p Policy) Allows(c Capability) bool { return slices.Contains(p.Allow, c) }

// DefaultPaths are where this system has logs. root is where a container has the host's files, or empty.
func DefaultPaths(goos, root string) []string {
	switch goos {
	case "windows":
		return []string{"C:/ProgramData/*/logs", "C:/inetpub/logs"}
	case "darwin":
		return []string{"/var/log", "/private/var/log", "/Library/Logs"}
	}
	paths := []string{"/var/log"}
	if root != "" && path.IsAbs(root) && path.Clean(root) != "/" {
		paths = append(paths, path.Join(root, "var/log"))
	}
	return paths
}

// rootVariable says where a container has the host's files, as config/README.md says.
const rootVariable = "OTELCOL_CLOUDWATCH_ROOT_PATH"

// DefaultPolicy is that of a host whose local layers say nothing about remote ones.
func DefaultPolicy() Policy {
	root := os.Getenv(rootVariable)
	if root == "" {
		root = "/hostfs"
	}
	return Policy{Paths: DefaultPaths(runtime.GOOS, root)}
}

// DefaultEnvironment are the variables that every remote layer may use: those of this program, and those that say where it
// runs. Names of secrets are not among them.
var DefaultEnvironment = []string{
	"OTELCOL_CLOUDWATCH_*", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL*", "HOSTNAME", "COMPUTERNAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME",
	"NODE_NAME", "K8S_NODE_NAME", "POD_NAME", "K8S_POD_NAME", "POD_NAMESPACE", "CLUSTER_NAME", "CLUSTER",
}

// variable reports whether remote layers may use a variable of the environment.
func (p Policy) variable(name string) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(pattern string) bool {
			before, star := strings.CutSuffix(pattern, "*")
			return name == pattern || star && strings.HasPrefix(name, before)
		})
	}
	return p.Allows(Environment) || in(p.Environment) || in(DefaultEnvironment) && !secretName(name)
}

// secretName reports whether a variable holds a secret by its name, or the text of whole files.
func secretName(name string) bool {
	return layers.Secret([]string{name}) || slices.ContainsFunc([]string{"KEY", "SECRET", "TOKEN", "PASS", "CRED", "CONTENT", "ROUTES", "OPTIONS"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

// Of reads the section remote_layers of merged layers. Only local layers may have it; layers.Merge refuses it in others.
func Of(m *layers.Merged) (Policy, error) {
	p := DefaultPolicy()
	section, origin := m.RemoteLayers()
	if section == nil {
		return p, nil
	}
	if err := p.read(section); err != nil {
		return DefaultPolicy(), fmt.Errorf("%s: %w (%s)", layers.SectionRemote, err, origin)
	}
	return p, nil
}

func (p *Policy) read(section any) error {
	keys, ok := section.(map[string]any)
	if !ok {
		return errors.New("is a map of allow, paths, hosts and environment")
	}
	for key, value := range keys {
		texts, err := stringsOf(value)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		switch key {
		case "allow":
			for _, text := range texts {
				var c Capability
				if err := c.UnmarshalText([]byte(text)); err != nil {
					return fmt.Errorf("allow: %w", err)
				}
				p.Allow = append(p.Allow, c)
			}
		case "paths":
			p.Paths = nil
			for _, text := range texts {
				if err := checkPath(text); err != nil {
					return fmt.Errorf("paths: %w", err)
				}
				p.Paths = append(p.Paths, strings.TrimSuffix(slashes(text), "/"))
			}
		case "hosts":
			for _, text := range texts {
				if !allowedHost.MatchString(text) {
					return fmt.Errorf("hosts: invalid host %q: use a name, *.NAME or an address, with or without :PORT", text)
				}
				p.Hosts = append(p.Hosts, strings.ToLower(text))
			}
		case "environment":
			for _, text := range texts {
				if !allowedVariable.MatchString(text) {
					return fmt.Errorf("environment: invalid variable %q: use a name such as APP_ENV, or APP_*", text)
				}
				p.Environment = append(p.Environment, text)
			}
		default:
			return fmt.Errorf("unknown key %q: use allow, paths, hosts or environment", key)
		}
	}
	return nil
}

func stringsOf(value any) ([]string, error) {
	items, ok := value.([]any)
	if !ok {
		if value == nil {
			return nil, nil
		}
		return nil, fmt.Errorf("%v is not a list", value)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok || s == "" || strings.Contains(s, "${") {
			return nil, fmt.Errorf("invalid item %q: write it out, without placeholders", fmt.Sprint(item))
		}
		texts[i] = s
	}
	return texts, nil
}

// Means says what writing a fetched layer amounts to under a policy, in one sentence for a person.
func (p Policy) Means() string {
	text := "whoever may write a fetched layer chooses which logs below " + strings.Join(p.Paths, ", ") + " and which metrics are sent to which group of this account"
	if len(p.Paths) == 0 {
		text = "whoever may write a fetched layer chooses which metrics are sent to which group of this account, and no log files"
	}
	for _, c := range Capabilities {
		if p.Allows(c) {
			text += "; " + meaning[c]
		}
	}
	if len(p.Hosts) > 0 {
		text += "; sends to " + strings.Join(p.Hosts, ", ")
	}
	if len(p.Environment) > 0 {
		text += "; reads the variables " + strings.Join(p.Environment, ", ")
	}
	return text
}

// meaning is what a granted capability lets somebody do.
var meaning = map[Capability]string{
	Programs:    "runs commands as the collector's user (programs)",
	Read:        "reads every file that the collector may read (read)",
	Write:       "writes and removes files as the collector's user (write)",
	Environment: "reads the collector's environment (environment)",
	Listen:      "opens ports to the network (listen)",
	Send:        "sends to anybody (send)",
	Credentials: "chooses the identity, and so the account, that is sent with (credentials)",
	Routes:      "changes the way to AWS (routes)",
	Override:    "removes what local layers protect (override)",
	Components:  "uses components of which it is not known what they reach (components)",
}
