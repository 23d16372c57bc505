package shape

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/cwagenttest"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
)

func documentAt(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return cwagenttest.Value(t, text)
}

func problems(value any) *report.Report {
	r := &report.Report{}
	Check(agentjson.New(value), r)
	return r
}

// TestWeAcceptWhatTheAgentsSchemaAccepts compares both on all samples, and on thousands of changes of them.
func TestWeAcceptWhatTheAgentsSchemaAccepts(t *testing.T) {
	folder := cwagenttest.Samples(t)
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile(filepath.Join(folder, "schema.json"))
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(paths), 60)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's
	refused := 0
	for _, path := range paths {
		base := documentAt(t, path)
		if strings.Contains(path, "schema-invalid") {
			assert.Error(t, problems(base).Err(), path)
		}
		for i := range 300 {
			value := base
			change := "as it is"
			if i > 0 {
				value = documentAt(t, path)
				change = mutate(random, &value)
			}
			wanted := schema.Validate(value)
			got := problems(value).Err()
			if wanted != nil {
				refused++
			}
			if (wanted == nil) != (got == nil) {
				t.Errorf("%s, %s:\nthe schema says %v\nwe say %v", filepath.Base(path), change, wanted, got)
				break
			}
		}
	}
	assert.Greater(t, refused, 3000, "changes that matter")
}

// mutate changes one value somewhere below, and says how.
func mutate(random *rand.Rand, value *any) string {
	places := spots(value, "")
	at := places[random.IntN(len(places))]
	odd := []any{nil, true, "", "x", "*", strings.Repeat("x", 600), json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("200000"), []any{}, []any{"a", "a"}, map[string]any{}, map[string]any{"name": json.Number("1")}}
	switch have := (*at.value).(type) {
	case map[string]any:
		keys := slices.Sorted(func(yield func(string) bool) {
			for key := range have {
				if !yield(key) {
					return
				}
			}
		})
		switch random.IntN(3) {
		case 0:
			have["surprise"] = odd[random.IntN(len(odd))]
			return at.path + " got another key"
		case 1:
			if len(keys) > 0 {
				key := keys[random.IntN(len(keys))]
				delete(have, key)
				return at.path + " lost " + key
			}
		default:
			if len(keys) > 0 {
				key := keys[random.IntN(len(keys))]
				if list, ok := have[key].([]any); ok && len(list) > 0 && random.IntN(2) == 0 {
					have[key] = append(list, list[0])
					return at.path + "/" + key + " has its first item twice"
				}
				have[key] = odd[random.IntN(len(odd))]
				return fmt.Sprintf("%s/%s is %v", at.path, key, have[key])
			}
		}
		return at.path + " is empty"
	case []any:
		if len(have) > 0 && random.IntN(2) == 0 {
			*at.value = append(have, have[0])
			return at.path + " has its first item twice"
		}
	}
	*at.value = odd[random.IntN(len(odd))]
	return fmt.Sprintf("%s is %v", at.path, *at.value)
}

type spot struct {
	path  string
	value *any
}

// spots are all values of a document. Those of objects are put back by set.
func spots(value *any, path string) []spot {
	all := []spot{{path, value}}
	switch have := (*value).(type) {
	case map[string]any:
		for key := range have {
			below := have[key]
			_, isObject := below.(map[string]any)
			for _, s := range spots(&below, path+"/"+key) {
				if s.value != &below || isObject { // an object is changed in place
					all = append(all, s)
				}
			}
		}
		slices.SortFunc(all, func(a, b spot) int { return strings.Compare(a.path, b.path) })
	case []any:
		for i := range have {
			all = append(all, spots(&have[i], fmt.Sprintf("%s/%d", path, i))...)
		}
	}
	return all
}
