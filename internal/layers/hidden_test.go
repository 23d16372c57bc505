package layers

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Each way in which a configuration is shown hides each secret, and shows what is none.
func TestNoSecretIsShownByAnything(t *testing.T) {
	text, err := os.ReadFile("testdata/secrets/all.yaml")
	require.NoError(t, err)
	merged, err := Merge([]Layer{{Name: "all.yaml", Text: text}})
	require.NoError(t, err)
	other := regexp.MustCompile(`\b[Ss](\d\d|hown)`).ReplaceAllString(string(text), "Q$1")
	var plain any
	require.NoError(t, yaml.Unmarshal(text, &plain))
	asJSON, err := json.Marshal(plain)
	require.NoError(t, err)
	for name, show := range map[string]func() string{
		"config explain": func() string {
			var b strings.Builder
			require.NoError(t, Explain(&b, merged, nil))
			return b.String()
		},
		"config explain --format json": func() string { return fmt.Sprint(merged.Entries(nil)) },
		"config diff":                  func() string { return DiffText(string(text), other) },
		"config push, a new parameter": func() string { return DiffText("", string(text)) },
		"config push, a removed key":   func() string { return DiffText(string(text), "receivers: {nop: }") },
		"print-config":                 func() string { return RedactDocument(string(text)) },
		"print-config --format json":   func() string { return RedactDocument(string(asJSON)) },
		"refusals": func() string {
			var all []string
			for _, leaf := range merged.Leaves() {
				if !leaf.Hidden {
					all = append(all, Show(leaf.Path, leaf.Value))
				}
			}
			return strings.Join(all, "\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			said := show()
			assert.Empty(t, regexp.MustCompile(`[SQ]\d\d[^"\s]*`).FindAllString(strings.ReplaceAll(said, "%!", ""), -1))
			for _, shown := range []string{"shown-module", "shown-format", "shown.key", "shown-value", "proxy.example:3128", "/usr/local/bin/helper"} {
				assert.Contains(t, strings.ReplaceAll(said, "Qhown", "shown"), shown)
			}
		})
	}
}
