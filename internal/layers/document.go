package layers

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// SecretSource is what a provider also implements that knows which of its values are kept as secrets.
type SecretSource interface {
	// IsSecret reports whether what was last retrieved for a URI is kept as a secret.
	IsSecret(uri string) bool
}

// RedactDocument is a configuration, as YAML or JSON, without what Secret names and what is a secret by its form. Where it is
// neither, its lines are redacted as far as names are known.
func RedactDocument(text string) string {
	m, err := MergePart([]Layer{{Name: "document", Text: []byte(text)}})
	if err != nil {
		return redactLines(text)
	}
	if json.Valid([]byte(text)) {
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if encoder.Encode(redacted(nil, nil, m.root)) != nil {
			return redactLines(text)
		}
		return b.String()
	}
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(indent)
	if encoder.Encode(renderer{}.node(nil, m.root)) != nil || encoder.Close() != nil {
		return redactLines(text)
	}
	return b.String()
}
