package positions

import (
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"
)

// Receiver is one that goes on where the agent stopped: a file_tail, or a windows_event_log.
type Receiver struct {
	// Kind is file_tail or windows_event_log, and Name what follows the slash.
	Kind, Name string
	// Include, Exclude and ExcludeNames are file_tail's.
	Include, Exclude []string
	ExcludeNames     []*regexp.Regexp
	// Channel is the event log, and Query what is read of it.
	Channel, Query string
}

// ID is how the configuration calls the receiver.
func (r Receiver) ID() string { return strings.TrimSuffix(r.Kind+"/"+r.Name, "/") }

// Reads tells whether a file_tail reads a file of a path.
func (r Receiver) Reads(os, path string) bool {
	if r.Kind != "file_tail" {
		return false
	}
	path = plain(os, path)
	name := path[strings.LastIndexByte(path, '/')+1:]
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, err := doublestar.Match(plain(os, pattern), path)
			return ok && err == nil
		})
	}
	return matches(r.Include) && !matches(r.Exclude) && !slices.ContainsFunc(r.ExcludeNames, func(e *regexp.Regexp) bool { return e.MatchString(name) })
}

// plain is a path by which others can be compared. On Windows the case says nothing.
func plain(os, path string) string {
	if os == "windows" {
		return strings.ToLower(strings.ReplaceAll(path, `\`, "/"))
	}
	return path
}

// selected finds the channel of a query.
var selected = regexp.MustCompile(`<Select Path="([^"]*)"`)

// Receivers are those of the layers of a converted configuration, by name. lookup gives environment variables.
func Receivers(layers map[string][]byte, lookup func(name string) (string, bool)) ([]Receiver, error) {
	found := map[string]Receiver{}
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		var layer struct {
			Receivers map[string]yaml.Node `yaml:"receivers"`
		}
		if err := yaml.Unmarshal(layers[name], &layer); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for id, node := range layer.Receivers {
			kind, instance, _ := strings.Cut(id, "/")
			if kind != "file_tail" && kind != "windows_event_log" {
				continue
			}
			var keys struct {
				Include      []string `yaml:"include"`
				Exclude      []string `yaml:"exclude"`
				ExcludeNames []string `yaml:"exclude_names"`
				Channel      string   `yaml:"channel"`
				Query        string   `yaml:"query"`
			}
			if err := node.Decode(&keys); err != nil {
				return nil, fmt.Errorf("%s: receivers::%s: %w", name, id, err)
			}
			r := Receiver{Kind: kind, Name: instance, Channel: expand(keys.Channel, lookup), Query: expand(keys.Query, lookup)}
			for _, pattern := range keys.Include {
				r.Include = append(r.Include, expand(pattern, lookup))
			}
			for _, pattern := range keys.Exclude {
				r.Exclude = append(r.Exclude, expand(pattern, lookup))
			}
			for _, pattern := range keys.ExcludeNames {
				e, err := regexp.Compile(expand(pattern, lookup))
				if err != nil {
					return nil, fmt.Errorf("%s: receivers::%s::exclude_names: %q is no regular expression: %w", name, id, pattern, err)
				}
				r.ExcludeNames = append(r.ExcludeNames, e)
			}
			if at := selected.FindStringSubmatch(r.Query); at != nil && r.Channel == "" {
				r.Channel = html.UnescapeString(at[1])
			}
			found[id] = r
		}
	}
	var all []Receiver
	for _, id := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[id])
	}
	return all, nil
}

// placeholder is what the collector replaces in its configuration: an environment variable, or a dollar sign.
var placeholder = regexp.MustCompile(`\$\$|\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}`)

func expand(text string, lookup func(string) (string, bool)) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		at := placeholder.FindStringSubmatch(found)
		if value, ok := lookup(at[1]); ok {
			return value
		}
		return at[2]
	})
}

// OfEventLog are the receivers of the channel that a state's name GROUP_STREAM_CHANNEL ends with.
func OfEventLog(all []Receiver, name string) (receivers []Receiver, channel string) {
	for _, r := range all { // of Application and My_Application the longer one
		if r.Kind == "windows_event_log" && r.Channel != "" && strings.HasSuffix(name, "_"+r.Channel) && len(r.Channel) > len(channel) {
			channel = r.Channel
		}
	}
	for _, r := range all {
		if channel != "" && r.Kind == "windows_event_log" && r.Channel == channel {
			receivers = append(receivers, r)
		}
	}
	return receivers, channel
}
