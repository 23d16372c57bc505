package reload

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// value is what a placeholder stands for, in a form that can be kept.
type value struct {
	Text string `json:"text"`
	// Plain says that Text is a string whatever it looks like; otherwise it is YAML.
	Plain bool `json:"plain,omitempty"`
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
	redacted    = "[REDACTED]"
)

// scrub takes out of a message what placeholders stand for: the collector quotes what it cannot use.
// Facts of the host are no secrets, and help to understand; so does what schemes names.
func (s *snapshot) scrub(message string, shown ...string) string {
	if s == nil {
		return message
	}
	for uri, v := range s.values {
		scheme, _, _ := strings.Cut(uri, ":")
		if scheme == "host" || slices.Contains(shown, scheme) {
			continue
		}
		for _, text := range []string{v.Text, strings.TrimSpace(v.Text), strings.ReplaceAll(strings.TrimSpace(v.Text), "$$", "$")} {
			if len(text) >= leastSecret {
				message = strings.ReplaceAll(message, text, redacted)
			}
		}
	}
	return message
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
