package agentjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func decoded(t *testing.T, text string) Node {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	require.NoError(t, d.Decode(&value))
	return New(value)
}

func TestEachValueKnowsItsPath(t *testing.T) {
	root := decoded(t, `{"a": {"b/c": [1, {"~": true}]}, "empty": {}, "none": []}`)
	assert.Equal(t, []string{"/a/b~1c/0", "/a/b~1c/1/~0", "/empty", "/none"}, root.Leaves())
	items := root.Get("a", "b/c").Items()
	require.Len(t, items, 2)
	assert.Equal(t, "/a/b~1c/1/~0", items[1].Get("~").Path())
	assert.True(t, items[1].Get("~").Bool())
	assert.Equal(t, 1, items[0].Int())
}

func TestWhatIsNotThereIsEmpty(t *testing.T) {
	root := decoded(t, `{"a": "x", "n": null, "one": {"k": 1}}`)
	absent := root.Get("a", "b", "c")
	assert.False(t, absent.There())
	assert.Empty(t, absent.Items())
	assert.Empty(t, absent.Text())
	assert.Zero(t, absent.Int())
	assert.Empty(t, absent.Keys())
	assert.Equal(t, "/a/b/c", absent.Path())
	assert.True(t, root.Get("n").There())
	assert.Zero(t, root.Get("a").Int())
	// otlp and jmx may be one object instead of a list.
	require.Len(t, root.Get("one").Items(), 1)
	assert.Equal(t, "/one/k", root.Get("one").Items()[0].Get("k").Path())
}

func TestAWholeNumberIsOneHoweverItIsWritten(t *testing.T) {
	root := decoded(t, `[60, 60.0, 6e1, 1.5, 1e300, -7, "60"]`)
	var values []int
	for _, item := range root.Items() {
		values = append(values, item.Int())
	}
	assert.Equal(t, []int{60, 60, 60, 0, 0, -7, 0}, values)
}
