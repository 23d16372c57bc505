package layers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// stack names layers a, b, c.
func stack(texts ...string) []Layer {
	layers := make([]Layer, len(texts))
	for i, text := range texts {
		layers[i] = Layer{Name: string(rune('a' + i)), Text: []byte(text)}
	}
	return layers
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	r, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	conf, err := r.AsConf()
	require.NoError(t, err)
	return conf.ToStringMap()
}

func TestLayersMergeByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		layers []string
		want   string
	}{
		{"nothing at all", nil, ``},
		{"empty layers", []string{"", "# nothing\n", "~"}, ``},
		{"maps merge, a later scalar replaces", []string{"x: {a: 1, b: {c: 2}}", "x: {b: {c: 3, d: 4}}"}, "x: {a: 1, b: {c: 3, d: 4}}"},
		{"a later list replaces", []string{"x: [1, 2]", "x: [3]"}, "x: [3]"},
		{"extensions are a union in order", []string{"service: {extensions: [b, a]}", "service: {extensions: [c, a]}"}, "service: {extensions: [b, a, c]}"},
		{"a layer alone keeps its duplicates", []string{"service: {extensions: [a, a]}", "service: {extensions: [a]}"}, "service: {extensions: [a, a]}"},
		{"names are compared as the collector does", []string{"service: {extensions: [a/x]}", "service: {extensions: ['a / x', b]}"}, "service: {extensions: [a/x, b]}"},
		{
			"receivers and exporters of a pipeline are a union, its processors are replaced",
			[]string{"service: {pipelines: {logs: {receivers: [a], processors: [p, q], exporters: [x]}}}", "service: {pipelines: {logs: {receivers: [b], processors: [q], exporters: [y, x]}}}"},
			"service: {pipelines: {logs: {receivers: [a, b], processors: [q], exporters: [x, y]}}}",
		},
		{"lists of those names elsewhere are replaced", []string{"exporters: {x: {receivers: [a]}}", "exporters: {x: {receivers: [b]}}"}, "exporters: {x: {receivers: [b]}}"},
		{"null removes", []string{"x: {a: 1, b: 2}", "x: {a: null}"}, "x: {b: 2}"},
		{"each null that is written removes", []string{"{a: 1, b: 1, c: 1, d: 1}", "{a: ~, b: Null, c: NULL, d: !!null ''}"}, "{}"},
		{"null removes a map", []string{"x: {a: {b: 1}, c: 1}", "x: {a: ~}"}, "x: {c: 1}"},
		{"what is removed stays removed", []string{"x: 1", "x: null", "x: null"}, "{}"},
		{"what is removed may come back", []string{"x: {a: 1}", "x: null", "x: {b: 2}"}, "x: {b: 2}"},
		{"null where nothing was is nil", []string{"x: {}", "x: {grpc: null}"}, "x: {grpc: null}"},
		{"two that say null agree", []string{"x: {grpc: null}", "x: {grpc: null}"}, "x: {grpc: null}"},
		{"null removes what another layer left empty", []string{"processors:\n  batch:\n  other:\n", "processors: {batch: null}"}, "processors: {other: null}"},
		{"nothing after a key defines it", []string{"processors: {}", "processors:\n  batch:\n"}, "processors: {batch: null}"},
		{"nothing after a key changes nothing", []string{"processors: {batch: {timeout: 1s}}", "processors:\n  batch:\n"}, "processors: {batch: {timeout: 1s}}"},
		{"a map takes the place of nil", []string{"processors: {batch: null}", "processors: {batch: {timeout: 1s}}"}, "processors: {batch: {timeout: 1s}}"},
		{"an empty map changes nothing", []string{"x: {a: 1}", "x: {}"}, "x: {a: 1}"},
		{"a placeholder may become anything", []string{"{a: '${env:A}', b: [1], c: {d: 1}}", "{a: {x: 1}, b: '${env:B}', c: '${env:C}'}"}, "{a: {x: 1}, b: '${env:B}', c: '${env:C}'}"},
		{"the collector splits a string to a list", []string{"{a: 'x,y', b: [x]}", "{a: [x], b: 'x,y'}"}, "{a: [x], b: 'x,y'}"},
		{"the types of scalars may differ", []string{"a: 1", "a: one"}, "a: one"},
		{"keys are split at ::", []string{"exporters: {awsemf: {region: x, namespace: n}}", "exporters::awsemf::region: eu-west-1"}, "exporters: {awsemf: {region: eu-west-1, namespace: n}}"},
		{"split keys within a layer join its maps", []string{"a::b: 1\na: {c: 2}\na::d::e: 3\n"}, "a: {b: 1, c: 2, d: {e: 3}}"},
		{"a key without a value joins a split one", []string{"a:\na::b: 1\nc::d: 1\nc:\n"}, "{a: {b: 1}, c: {d: 1}}"},
		{"keys in lists are not split", []string{"x: [{a::b: 1}]"}, "x: [{a::b: 1}]"},
		{"anchors, aliases and merge keys", []string{"x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{b: 5, c: 1}, *x]}\nv: *x\n"}, "{x: {a: 1, b: 2}, y: {a: 1, b: 3}, z: {a: 1, b: 5, c: 1}, v: {a: 1, b: 2}}"},
		{
			"a component that is removed leaves the lists of earlier layers",
			[]string{
				"receivers: {r: , s: }\nprocessors: {p: , q: }\nexporters: {x: , y: }\nextensions: {e: , f: }\nservice: {extensions: [e, f], pipelines: {logs: {receivers: [r, s], processors: [p, q], exporters: [x, y]}}}",
				"{receivers: {r: null}, processors: {p: null}, exporters: {x: null}, extensions: {e: null}, service: {pipelines: {logs: {exporters: [z]}}}}",
			},
			"{receivers: {s: }, processors: {q: }, exporters: {y: }, extensions: {f: }, service: {extensions: [f], pipelines: {logs: {receivers: [s], processors: [q], exporters: [y, z]}}}}",
		},
		{
			"a section that is removed takes all of its components along",
			[]string{"{extensions: {e: {}, f: {}}, service: {extensions: [e, f, g]}}", "extensions: null"},
			"service: {extensions: [g]}",
		},
		{
			"a connector is a receiver and an exporter",
			[]string{"{connectors: {c: {}}, service: {pipelines: {logs: {exporters: [c, x]}, metrics: {receivers: [c, r]}}}}", "connectors: {'c ': null}"},
			"{connectors: {}, service: {pipelines: {logs: {exporters: [x]}, metrics: {receivers: [r]}}}}",
		},
		{
			"what is removed and defined as something else stays",
			[]string{"{exporters: {x: {}}, service: {pipelines: {logs: {exporters: [x]}}}}", "{exporters: {x: null}, connectors: {x: {}}}"},
			"{exporters: {}, connectors: {x: {}}, service: {pipelines: {logs: {exporters: [x]}}}}",
		},
		{
			"a pipeline that is removed is gone",
			[]string{"service: {pipelines: {logs: {receivers: [r]}, metrics: {receivers: [r]}}}", "service: {pipelines: {logs: null}}"},
			"service: {pipelines: {metrics: {receivers: [r]}}}",
		},
		{"a name is one name however its spaces stand", []string{"exporters: {awsemf/x: {a: 1}}", "exporters: {'awsemf / x': {b: 2}}"}, "exporters: {awsemf/x: {a: 1, b: 2}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			merged, err := MergePart(stack(c.layers...))
			require.NoError(t, err)
			assert.Equal(t, decode(t, c.want), merged.Map())
			assert.Equal(t, decode(t, c.want), confmap.NewFromStringMap(merged.Map()).ToStringMap())
		})
	}
}

const whole = `receivers:
  otlp:
    protocols: {grpc: null}
processors:
  batch:
exporters:
  awsemf:
    region: eu-west-1
service:
  pipelines:
    metrics:
      receivers: [otlp]
      processors: [batch]
      exporters: [awsemf]
`

func TestMistakesNameBothLayersAndLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		layers []string
		want   []string
	}{
		{"a map and a list", []string{whole, "exporters:\n  awsemf: [a]"}, []string{"exporters::awsemf: is a map in one layer and a list in a later one; write both alike, or have a layer between them that removes the key with null (a:7 and b:2)"}},
		{"a map and a string", []string{whole, "exporters:\n\n  awsemf: secret"}, []string{"exporters::awsemf: is a map in one layer and a string in a later one;", "(a:7 and b:3)"}},
		{"a list and a number", []string{"x-y: [1]", "x-y: 5"}, []string{"x-y: is a list in one layer and a number in a later one", "(a:1 and b:1)"}},
		{"a united list that is a string", []string{whole, "service: {extensions: [a]}", "service: {extensions: b}"}, []string{"service::extensions: is a list in one layer and a string in a later one", "(b:1 and c:1)"}},
		{"two layers and a mistake each", []string{"a: [", "b: [", "- c"}, []string{"is no YAML: did not find expected node content (a:1)\nis no YAML", "(b:1)\nis a list, and a layer is a map", "(c:1)"}},
		{"an undefined exporter that is near another one", []string{whole, "service:\n  pipelines:\n    metrics:\n      exporters: [awsemff]\n"}, []string{`service::pipelines::metrics::exporters: exporter "awsemff" is defined by no layer; did you mean "awsemf"? (b:4 and a:7)`}},
		{"an undefined receiver like none", []string{whole, "service: {pipelines: {metrics: {receivers: [nothing_like_it]}}}"}, []string{`receiver "nothing_like_it" is defined by no layer (b:1)`}},
		{"an undefined processor", []string{whole, "service: {pipelines: {metrics: {processors: [otlp]}}}"}, []string{`processor "otlp" is defined by no layer (b:1)`}},
		{"an undefined extension", []string{whole, "extensions: {pprof: }\nservice: {extensions: [pproff]}"}, []string{`service::extensions: extension "pproff" is defined by no layer; did you mean "pprof"? (b:2 and b:1)`}},
		{"a name that a layer removed", []string{whole, "exporters:\n  debug: {}\n", "exporters:\n  debug: null\nservice: {pipelines: {metrics: {exporters: [debug]}}}"}, []string{`exporter "debug" was removed with null by a layer; take it out here, or define it (c:3 and c:2)`}},
		{"a pipeline that has lost its only exporter", []string{whole, "\nexporters:\n  awsemf: null\n"}, []string{`service::pipelines::metrics::exporters: no exporter is left, since a later layer removes "awsemf"; name another one, or remove the pipeline too (metrics: null) (a:14 and b:3)`}},
		{"an unknown section", []string{whole, "exporter:\n  debug:\n"}, []string{"exporter: is no section of a collector's configuration", "did you mean exporters? (b:1)"}},
		{"the CloudWatch agent's own JSON", []string{`{"agent": {"run_as_user": "cwagent"}, "metrics": {"metrics_collected": {}}}`}, []string{"agent: belongs to the CloudWatch agent's configuration: convert it first with 'otelcol-cloudwatch migrate cwagent FILE' (a:1)", "metrics: belongs to"}},
		{"two documents", []string{"a: 1\n---\nb: 2\n"}, []string{"begins a second YAML document, which would be ignored", "(a:3)"}},
		{"a second document of text", []string{"a: 1\n---\n# nothing\n---\nhunter2\n"}, []string{"begins a second YAML document", "(a:5)"}},
		{"text after the end of the document", []string{"a: 1\n...\nb: [\n"}, []string{"is no YAML", "(a:"}},
		{"a key twice", []string{"exporters:\n  debug:\n    a: 1\n  debug:\n    b: 1\n"}, []string{"exporters::debug: the key is set twice in one mapping; keep one of them (a:2 and a:4)"}},
		{"a split key twice", []string{"exporters::debug::a: 1\nexporters:\n  debug:\n    a: 1\n"}, []string{"exporters::debug::a: the key is set twice in one layer; keep one of them (a:1 and a:4)"}},
		{"a split key below a scalar", []string{"a: 1\na::b: 2\n"}, []string{"a: the key is set twice in one layer", "(a:1 and a:2)"}},
		{"a document that is no map", []string{"just text"}, []string{"is a string, and a layer is a map of sections such as receivers and service (a:1)"}},
		{"invalid YAML", []string{"a: 1\nb:\n  c: d: e\n"}, []string{"is no YAML: mapping values are not allowed in this context (a:3)"}},
		{"a letter of Latin-1", []string{"a: 1\nb: 2\n# caf\xe9\n"}, []string{"is not UTF-8 text: save the file as UTF-8 (a:3)"}},
		{"a wrong first line", []string{"a: b: c"}, []string{"is no YAML: mapping values are not allowed in this context (a:1)"}},
		{"a section whose name is a number", []string{"\n1: {}"}, []string{"1: a section's name is a string: quote it (a:2)"}},
		{"a key that is a map", []string{"a:\n  ${env:X}: 1\n  {b: c}: 1"}, []string{"a: a key is a scalar", "(a:3)"}},
		{"a key that is null", []string{"a: {~: 1}"}, []string{"a: a key is null; quote it (a:1)"}},
		{"a tag that does not fit", []string{"password: !!int hunter2"}, []string{"password: the value is not of the type that its tag !!int says"}},
		{"an anchor in itself", []string{"a: &x\n  b: *x\n"}, []string{"a::b::b: an anchor holds an alias of itself (a:2)"}},
		{"a merge key in itself", []string{"a: &x\n  <<: *x\n"}, []string{"a: an anchor holds an alias of itself (a:2)"}},
		{"a merge key without a map", []string{"a:\n  <<: 1\n"}, []string{"a: a merge key (<<) takes a map or a list of maps (a:2)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Merge(stack(c.layers...))
			require.Error(t, err)
			var mistakes *MergeError
			require.ErrorAs(t, err, &mistakes)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "secret")
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestWhatMayBeRightIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, layers := range [][]string{
		{whole},
		{whole, whole},
		{whole, "service: {extensions: ['${env:EXTENSION}']}"},
		{whole, "extensions: ${file:/x}\nservice: {extensions: [anything]}"},
		{whole, "connectors: {count: }\nservice: {pipelines: {metrics: {exporters: [count]}, metrics/2: {receivers: [count], exporters: [awsemf]}}}"},
		{whole, "exporters: {'debug / a': }\nservice: {pipelines: {metrics: {exporters: [debug/a]}}}"},
		{"service: {pipelines: '${env:P}'}", "service: {extensions: [1, null, {a: b}]}"},
		{"service: [a]"},
		{"---\n" + whole + "---\n"}, {whole + "...\n# the end\n"}, {whole + "--- ~\n"},
	} {
		_, err := Merge(stack(layers...))
		assert.NoError(t, err, layers)
	}
}

func TestHugeInputsAreRefused(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	merges := "a: &a {k0: 1}\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "*" + string(c-1) + "]\n"
		merges += string(c) + ": &" + string(c) + " {<<: [" + strings.Repeat("*"+string(c-1)+",", 9) + "*" + string(c-1) + "]}\n"
	}
	for _, c := range []struct{ name, text, want string }{
		{"an alias bomb", bomb, "more than 500000 values"},
		{"a merge key bomb", merges, "more than 500000 values"},
		{"deep nesting", "a: " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "nested deeper than 128"},
		{"deep split keys", strings.Repeat("a::", 200) + "a: 1", "nested deeper than 128"},
		{"a long text", "a: " + strings.Repeat("x", MaxText), "has 4194307 bytes, and a layer may have 4194304"},
		{"many values", "a: [" + strings.Repeat("1,", MaxValues) + "]", "more than 500000 values"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Merge(stack(c.text))
			assert.ErrorContains(t, err, c.want)
		})
	}
	var many strings.Builder
	for i := range 200 {
		many.WriteString(strings.Repeat("s", i+1) + ": 1\n")
	}
	_, err := Merge(stack(many.String()))
	var mistakes *MergeError
	require.ErrorAs(t, err, &mistakes)
	assert.Len(t, mistakes.Problems, maxProblems)
	assert.ErrorContains(t, err, "\nand 150 more")
}

func TestASecretInBrokenYAMLIsNotQuoted(t *testing.T) {
	t.Parallel()
	_, err := Merge(stack("a: 1\npassword: *hunter2\n"))
	assert.ErrorContains(t, err, "an alias names an anchor that this layer does not have; quote the value if it is no alias (a:2)")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestTheMapBelongsToTheCaller(t *testing.T) {
	t.Parallel()
	merged, err := Merge(stack(whole))
	require.NoError(t, err)
	first := merged.Map()
	first["exporters"].(map[string]any)["awsemf"].(map[string]any)["region"] = "changed"
	assert.Equal(t, decode(t, whole), merged.Map())
	assert.Equal(t, []string{"a"}, merged.Layers())
}

func TestOriginIsOfTheDeepestKey(t *testing.T) {
	t.Parallel()
	merged, err := Merge(stack(whole, "exporters::awsemf::namespace: n\n\nservice:\n  pipelines:\n    metrics:\n      exporters:\n        - awsemf\n        - debug\nexporters::debug:\n"))
	require.NoError(t, err)
	for _, c := range []struct {
		path []string
		want string
	}{
		{[]string{"exporters", "awsemf"}, "a:7"},
		{[]string{"exporters", "awsemf", "region"}, "a:8"},
		{[]string{"exporters", "awsemf", "namespace"}, "b:1"},
		{[]string{"exporters", "awsemf", "absent", "too"}, "a:7"},
		{[]string{"exporters", "debug"}, "b:9"},
		{[]string{"service", "pipelines", "metrics", "exporters", "1"}, "b:8"},
		{[]string{"service", "pipelines", "metrics", "exporters", "7"}, "a:14"},
	} {
		at, ok := merged.Origin(c.path...)
		assert.True(t, ok)
		assert.Equal(t, c.want, at.String(), c.path)
	}
	_, ok := merged.Origin("nothing")
	assert.False(t, ok)
	_, ok = merged.Origin()
	assert.False(t, ok)
}
