package layer

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestALayerKeepsItsOrderAndItsComments(t *testing.T) {
	l := New("x.yaml", "What this is.\n\nAnd more.")
	assert.True(t, l.Empty())
	l.Set([]string{"a", "b"}, "service", "extensions")
	l.Set("60s", "receivers", "host_metrics/x", "collection_interval")
	l.Comment("Each minute.", "receivers", "host_metrics/x", "collection_interval")
	l.Set(nil, "receivers", "other")
	l.Add("c", "service", "extensions")
	l.Add(map[string]any{"k": []int{1, 2}}, "service", "list")
	l.Set("30s", "receivers", "host_metrics/x", "collection_interval")
	assert.True(t, l.Has("receivers", "host_metrics/x"))
	assert.False(t, l.Has("receivers", "host_metrics/y"))
	text, err := l.Text()
	require.NoError(t, err)
	assert.Equal(t, `# What this is.
#
# And more.

service:
  extensions: [a, b, c]
  list:
    - k: [1, 2]
receivers:
  host_metrics/x:
    # Each minute.
    collection_interval: 30s
  other: null
`, string(text))
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	l := New("x.yaml", "")
	l.Set(refuses{}, "a", "b")
	_, err := l.Text()
	require.ErrorContains(t, err, "layer x.yaml: a::b")
}

type refuses struct{}

func (refuses) MarshalYAML() (any, error) { return nil, errors.New("no") }

func TestForeignTexts(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                   "plain",
		`^\d+$`:                   `^\d+$$`,
		"${NAME}":                 "${env:NAME}",
		"a${NAME}b$c${aws:Id}":    "a${env:NAME}b$$c$${aws:Id}",
		"${1NAME} $NAME ${ NAME}": "$${1NAME} $$NAME $${ NAME}",
	} {
		assert.Equal(t, want, Expand(text), text)
	}
	assert.Equal(t, "$${NAME}", Literal("${NAME}"))
	// A text that YAML would take for something else stays a text.
	l := New("x.yaml", "")
	l.Set("0x10", "a")
	l.Set("null", "b")
	l.Set("yes: no # c", "c")
	text, err := l.Text()
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, yaml.Unmarshal(text, &got))
	assert.Equal(t, map[string]any{"a": "0x10", "b": "null", "c": "yes: no # c"}, got)
}
