package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func example() *Report {
	r := &Report{}
	r.Converted("/agent/region", "30-metrics.yaml: exporters::cloudwatch_emf/cwagent::region")
	r.Lost("/metrics/metrics_collected/efa", "this program reads no EFA counters", "node_exporter, and the receiver prometheus")
	r.Different("/agent/internal", "", "the collector's own metrics are for Prometheus", "")
	r.Different("/agent/debug", "", "the collector's own metrics are for Prometheus", "")
	r.Sort()
	return r
}

func TestEntriesOfTheSameKindStandTogetherTheWorstFirst(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, example().Text(&out, 60))
	assert.Equal(t, `Lost: not sent any more (1)
  /metrics/metrics_collected/efa
      this program reads no EFA counters
      -> node_exporter, and the receiver prometheus

Different (2)
  /agent/debug
  /agent/internal
      the collector's own metrics are for Prometheus

Converted (1)
  /agent/region
      to 30-metrics.yaml:
         exporters::cloudwatch_emf/cwagent::region

1 converted, 2 with a difference, 1 lost
`, out.String())
}

func TestLongTextsAreWrapped(t *testing.T) {
	r := &Report{}
	r.Different("/a", "", strings.Repeat("word ", 40), "")
	var out bytes.Buffer
	require.NoError(t, r.Text(&out, 80))
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80)
	}
	assert.Equal(t, 40, strings.Count(out.String(), "word"))
}

func TestProgramsReadTheReport(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, example().JSON(&out))
	var got map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.EqualValues(t, 1, got["version"])
	assert.EqualValues(t, 1, got["lost"])
	assert.Len(t, got["entries"], 4)
	out.Reset()
	require.NoError(t, (&Report{}).JSON(&out))
	assert.Contains(t, out.String(), `"entries": []`)
}

func TestAnEntryCoversWhatIsBelowIt(t *testing.T) {
	r := example()
	assert.True(t, r.Covers("/metrics/metrics_collected/efa/measurement/0"))
	assert.True(t, r.Covers("/agent/debug"))
	assert.False(t, r.Covers("/metrics/metrics_collected/efa2"))
	assert.False(t, r.Covers("/agent"))
}

func TestWhatIsInvalidIsOneError(t *testing.T) {
	r := example()
	require.NoError(t, r.Err())
	r.Invalid("/agent/region", `7 is no text`, `write "eu-central-1"`)
	require.EqualError(t, r.Err(), `/agent/region: 7 is no text: write "eu-central-1"`)
}
