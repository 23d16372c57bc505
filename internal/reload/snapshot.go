package reload

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
)

// value is what a placeholder stands for, in a form that can be kept.
type value struct {
	Text string `json:"text"`
	// Plain says that Text is a string whatever it looks like; otherwise it is YAML.
	Plain bool `json:"plain,omitempty"`
	// Secret says that its source keeps it as a secret.
	Secret bool `json:"secret,omitempty"`
}

// valueOf takes a value out of what a provider gave, without its watch.
func valueOf(r *confmap.Retrieved) (value, error) {
	raw, err := r.AsRaw()
	if err != nil {
		return value{}, err
	}
	if s, ok := raw.(string); ok {
		return value{Text: s, Plain: true}, nil
	}
	if text, err := r.AsString(); err == nil {
		return value{Text: text}, nil
	}
	if raw == nil {
		return value{}, nil
	}
	text, err := yaml.Marshal(raw)
	return value{Text: string(text)}, err
}

func (v value) retrieved() (*confmap.Retrieved, error) {
	if v.Plain {
		return confmap.NewRetrieved(v.Text)
	}
	return confmap.NewRetrievedFromYAML([]byte(v.Text))
}

// snapshot is one configuration with everything that it was made of.
type snapshot struct {
	layers []layers.Layer
	merged *layers.Merged
	values map[string]value // by placeholder, such as env:HOME

	hash string // of the text of layers and values
	// remembered says that it comes from the disk.
	remembered bool
}

// seal computes the hash.
func (s *snapshot) seal() {
	h := sha256.New()
	write := func(text string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	for _, l := range s.layers {
		write(string(l.Text)) // its name tells versions, which change without the text
	}
	write("")
	for _, uri := range slices.Sorted(maps.Keys(s.values)) {
		write(uri)
		write(s.values[uri].Text)
	}
	s.hash = hex.EncodeToString(h.Sum(nil))
}

// short is the part of the hash that is shown.
func (s *snapshot) short() string { return s.hash[:12] }

const (
	// leastSecret is the length from which a value is taken out of messages: shorter ones stand by
	// chance in every text.
	leastSecret = 5
)

// openSources are the schemes whose values are secrets only where a key or a name says so.
var openSources = []string{"env", "yaml", "host", "ssm", "http", "https", "s3", "dir"}

// secretSource reports whether what a provider gave is kept as a secret.
func secretSource(p confmap.Provider, uri string) bool {
	if tells, ok := p.(layers.SecretSource); ok {
		return tells.IsSecret(uri)
	}
	scheme, _, _ := strings.Cut(uri, ":")
	return !slices.Contains(openSources, scheme)
}

// secrets are the texts that are not shown, the longest first: values of secret sources, and what stands under keys that hold
// secrets. All else is shown, since errors without it cannot be understood.
func (s *snapshot) secrets() []string {
	set := map[string]bool{}
	add := func(text string) {
		for _, t := range []string{text, strings.TrimSpace(text), strings.ReplaceAll(strings.TrimSpace(text), "$$", "$")} {
			if len(t) >= leastSecret {
				set[t] = true
			}
		}
	}
	var hidden []string // texts of hidden keys
	if s.merged != nil {
		for _, leaf := range s.merged.Leaves() {
			text, ok := leaf.Value.(string)
			if !ok || !leaf.Hidden {
				continue
			}
			if strings.Contains(text, "${") {
				hidden = append(hidden, text)
			} else {
				add(text)
			}
		}
	}
	for uri, v := range s.values {
		name, _, _ := strings.Cut(strings.TrimPrefix(uri, "env:"), ":-")
		named := func(text string) bool { return names(text, uri) }
		if v.Secret || strings.HasPrefix(uri, "env:") && layers.Secret([]string{name}) || slices.ContainsFunc(hidden, named) {
			add(v.Text)
			for _, text := range v.parts() {
				add(text)
			}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
}

// names reports whether a text has a placeholder.
func names(text, uri string) bool {
	return strings.Contains(text, "${"+uri+"}") || strings.Contains(text, "${"+strings.TrimPrefix(uri, "env:")+"}")
}

// parts are the texts in a value that is a map or a list.
func (v value) parts() []string {
	var whole any
	if v.Plain || yaml.Unmarshal([]byte(v.Text), &whole) != nil {
		return nil
	}
	var all []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		case string:
			all = append(all, v)
		}
	}
	walk(whole)
	return all
}

// exact makes data of a variable that stands under keys of secrets alone: in a password a dollar is a dollar. A piece of
// configuration, such as a map of headers, is left as it is.
func (s *snapshot) exact(uri string, v value) value {
	name, _, _ := strings.Cut(strings.TrimPrefix(uri, "env:"), ":-")
	text, set := os.LookupEnv(name)
	if !set || !strings.Contains(text, "$") || s.merged == nil {
		return v
	}
	hidden := false
	for _, leaf := range s.merged.Leaves() {
		written, ok := leaf.Value.(string)
		if !ok || !names(written, uri) {
			continue
		}
		if !leaf.Hidden {
			return v
		}
		hidden = true
	}
	if !hidden {
		return v
	}
	var parsed any
	if err := yaml.Unmarshal([]byte(text), &parsed); err == nil {
		switch parsed.(type) {
		case map[string]any, []any:
			return v
		}
	}
	return value{Text: strings.ReplaceAll(text, "$", "$$"), Plain: true, Secret: v.Secret}
}

// scrub takes secrets out of a message: the collector quotes what it cannot use.
func (s *snapshot) scrub(message string) string {
	if s != nil {
		for _, text := range s.secrets() {
			message = strings.ReplaceAll(message, text, redact.Mark)
		}
	}
	return redact.Text(message)
}

// statusExtension shows in health and in metrics what becomes of configurations. It is part of every one.
const statusExtension = "config_status"

// conf is the merged configuration as the collector gets it.
func (s *snapshot) conf() map[string]any {
	m := s.merged.Map()
	service, ok := m["service"].(map[string]any)
	if !ok {
		return m // the collector says that there is no service
	}
	list, ok := service["extensions"].([]any)
	if !ok && service["extensions"] != nil {
		return m
	}
	if !slices.ContainsFunc(list, func(v any) bool { return v == statusExtension }) {
		service["extensions"] = append(slices.Clone(list), statusExtension)
	}
	extensions, ok := m["extensions"].(map[string]any)
	if !ok {
		if m["extensions"] != nil {
			return m
		}
		extensions = map[string]any{}
		m["extensions"] = extensions
	}
	if _, ok := extensions[statusExtension]; !ok {
		extensions[statusExtension] = nil
	}
	return m
}
