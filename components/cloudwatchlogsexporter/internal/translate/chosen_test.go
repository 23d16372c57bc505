package translate

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
)

// document is a valid EMF document with further members of _aws.
func document(meta string) string {
	return `{"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"m"}]}]` + meta + `},"m":1}`
}

func targets(b *Batch) []string {
	var all []string
	for _, p := range b.Parts {
		text := p.Target.Group + " " + p.Target.Stream
		if p.Fallback != nil {
			text += " or " + p.Fallback.Group + " " + p.Fallback.Stream
		}
		all = append(all, fmt.Sprint(text, " ", len(p.Events)))
	}
	return all
}

func TestALineChoosesNoTarget(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`{"log_group_name":"/audit","log_stream_name":"db1"}`,
		`{"_aws":{"LogGroupName":"/audit","LogStreamName":"db1"}}`,
		document(`,"LogGroupName":"/audit","LogStreamName":"db1"`),
	}
	for name, tr := range map[string]*Translator{
		"no redirection": translator(t, message.Raw, "/g", "s"),
		"json":           bounded(t, message.JSON, "/g", "s", admission.DefaultLimits(), admission.RedirectConfig{Groups: []string{"*"}}),
	} {
		b := tr.Translate(logs(hostile...))
		assert.Equal(t, []string{"/g s 3"}, targets(b), name)
		assert.Empty(t, b.Elsewhere)
		b.Release()
	}
}

func TestDocumentsGoWhereTheySayIfThatIsListed(t *testing.T) {
	t.Parallel()
	tr := bounded(t, message.Raw, "/g", "s", admission.DefaultLimits(), admission.RedirectConfig{Groups: []string{"/app/*"}, Streams: []string{"web*"}})
	listed := document(`,"LogGroupName":"/app/a","LogStreamName":"web:1"`)
	b := tr.Translate(logs("plain", listed, document(`,"LogGroupName":"/app/a"`), document(`,"LogGroupName":"/audit"`),
		document(`,"LogGroupName":"/app/a","LogStreamName":"db1"`), `{"log_group_name":"/app/a"}`, document(""), document(`,"LogGroupName":"/g"`)))
	assert.Equal(t, []string{"/g s 6", "/app/a web_1 or /g s 1", "/app/a s or /g s 1"}, targets(b))
	assert.Equal(t, []string{listed}, texts(b.Parts[1]), "it passes untouched")
	assert.Equal(t, 3, b.Elsewhere[admission.NotAllowed].Events)
	assert.Equal(t, "/g", b.Elsewhere[admission.NotAllowed].Asked.Group, "the last one")
	b.Release()
	b = tr.Translate(logs("plain"))
	assert.Empty(t, b.Elsewhere)
	assert.Nil(t, b.Parts[0].Fallback)
	b.Release()
}

func TestOneFileNamesABoundedNumberOfTargets(t *testing.T) {
	t.Parallel()
	tr := bounded(t, message.Raw, "/g", "{resource:log.file.path}", admission.Limits{PerSource: 10, Streams: 1000}, admission.RedirectConfig{Groups: []string{"/app/*"}})
	file := func(path string, from, n int) *Batch {
		var all []string
		for i := range n {
			all = append(all, document(fmt.Sprintf(`,"LogGroupName":"/app/%d"`, from+i)))
		}
		ld := logs(all...)
		ld.ResourceLogs().At(0).Resource().Attributes().PutStr("log.file.path", path)
		return tr.Translate(ld)
	}
	for range 2 {
		b := file("/hostile", 0, 1000)
		assert.Len(t, b.Parts, 11)
		assert.Equal(t, 990, b.Elsewhere[admission.TooMany].Events)
		last := b.Parts[10]
		assert.Equal(t, cwlogs.Target{Group: "/g", Stream: "/hostile"}, last.Target)
		assert.Len(t, last.Events, 990)
		b.Release()
	}
	b := file("/honest", 5000, 1)
	assert.Equal(t, []string{"/app/5000 /honest or /g /honest 1"}, targets(b))
	b.Release()
}

func TestRecordsNameABoundedNumberOfTargets(t *testing.T) {
	t.Parallel()
	for template, want := range map[[2]string][]string{
		{"/g", "{resource:host}/{record:n}"}: {"/g h/0 1", "/g h/1 1", "/g h/overflow 8"},
		{"/g/{record:n}", "s"}:               {"/g/0 s or /g/overflow s 1", "/g/1 s or /g/overflow s 1", "/g/overflow s 8"},
		{"/g", "s{record:n}{scope:name}"}:    {"/g s0undefined 1", "/g s1undefined 1", "/g soverflow 8"},
	} {
		tr := bounded(t, message.Raw, template[0], template[1], admission.Limits{PerSource: 2}, admission.RedirectConfig{})
		var bodies []string
		for i := range 10 {
			bodies = append(bodies, fmt.Sprint(i))
		}
		ld := logs(bodies...)
		ld.ResourceLogs().At(0).Resource().Attributes().PutStr("host", "h")
		for i, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			r.Attributes().PutStr("n", fmt.Sprint(i))
		}
		b := tr.Translate(ld)
		assert.Equal(t, want, targets(b), template)
		assert.Equal(t, 8, b.Elsewhere[admission.TooMany].Events)
		b.Release()
	}
}

func TestMessagesWithoutMetricsAreChangedInOneLetter(t *testing.T) {
	t.Parallel()
	tr := translator(t, message.Raw, "/g", "s")
	tr.o.WithoutMetrics = true
	ld := logs("plain", document(""))
	require.NoError(t, ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().FromRaw(map[string]any{"_aws": map[string]any{"CloudWatchMetrics": []any{}}}))
	b := tr.Translate(ld)
	defer b.Release()
	assert.Equal(t, "plain", string(b.Parts[0].Events[0].Message))
	assert.Contains(t, string(b.Parts[0].Events[1].Message), `"cloudWatchMetrics"`)
	assert.Contains(t, ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1).Body().Str(), `"CloudWatchMetrics"`, "the record is as it was")
	assert.JSONEq(t, `{"_aws":{"cloudWatchMetrics":[]}}`, string(b.Parts[0].Events[2].Message))
	assert.Equal(t, 2, b.Changed)
}

// A thousand services in one stream are no thousand requests.
func TestEntitiesOfOneStreamAreBounded(t *testing.T) {
	t.Parallel()
	ld := plog.NewLogs()
	for i := range 1000 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint(i))
		rl.Resource().Attributes().PutStr("deployment.environment", "e")
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("x")
	}
	b := translator(t, message.Raw, "g", "s").Translate(ld)
	defer b.Release()
	assert.Len(t, b.Parts, maxEntities+1)
	assert.Nil(t, b.Parts[maxEntities].Entity)
	assert.Len(t, b.Parts[maxEntities].Events, 1000-maxEntities)
}

// Files whose records say which file they are of are sources of their own, though they have one resource.
func TestEachFileHasItsOwnTargets(t *testing.T) {
	t.Parallel()
	tr := bounded(t, message.Raw, "/g", "{record:log.file.name}", admission.Limits{PerSource: 1}, admission.RedirectConfig{})
	ld := logs("a", "b", "c")
	for i, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.Attributes().PutStr("log.file.name", fmt.Sprint(i, ".log"))
	}
	b := tr.Translate(ld)
	defer b.Release()
	assert.Equal(t, []string{"/g 0.log 1", "/g 1.log 1", "/g 2.log 1"}, targets(b))
}
