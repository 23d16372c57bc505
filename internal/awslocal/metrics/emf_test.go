package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// document is an EMF log event with the metric m and the dimension host.
func document(namespace string, at time.Time, definition, value string) string {
	return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":%q,"Dimensions":[["host"]],"Metrics":[{"Name":"m"%s}]}]},"host":"h","m":%s}`,
		at.UnixMilli(), namespace, definition, value)
}

func ingest(s *Service, message string) { s.IngestEMF("group", "stream", message, now) }

func TestEMFMetricsBecomeSeries(t *testing.T) {
	s := newService(Config{})
	ingest(s, document("N", now, `,"Unit":"Milliseconds","StorageResolution":1`, `[1,2,6]`))
	ingest(s, document("N", now.Add(time.Second), `,"Unit":"Milliseconds","StorageResolution":1`, `{"Values":[4],"Counts":[2]}`))
	ingest(s, document("N", now.Add(2*time.Second), `,"Unit":"Milliseconds"`, `{"Max":10,"Min":0.5,"Count":4,"Sum":20}`))
	ingest(s, `{"level":"info"}`)
	ingest(s, `plain`)

	st := s.Status()
	assert.Equal(t, Totals{PointsFromEMF: 3, Bytes: st.Totals.Bytes}, st.Totals)
	assert.Equal(t, EMFStatus{Documents: 3}, st.EMF)
	assert.Equal(t, map[string]int{"N": 1}, st.Namespaces)
	assert.Equal(t, []SeriesStatus{{
		Namespace: "N", Name: "m", Dimensions: []emf.Dimension{{Name: "host", Value: "h"}}, Unit: "Milliseconds", StorageResolution: 60,
		LastValue: 5, LastTime: now.Add(2 * time.Second), Updated: now, SampleCount: 9, Min: 0.5, Max: 10,
	}}, st.Series)

	out := answer[statisticsOutput](t, s, "GetMetricStatistics", m{
		"Namespace": "N", "MetricName": "m", "Dimensions": []m{{"Name": "host", "Value": "h"}},
		"StartTime": sec(now), "EndTime": sec(now.Add(time.Minute)), "Period": 60, "Statistics": statistics,
	})
	require.Len(t, out.Datapoints, 1)
	assert.InDelta(t, 37, *out.Datapoints[0].Sum, 0)
	assert.InDelta(t, 9, *out.Datapoints[0].SampleCount, 0)
}

func TestStatisticsOfAHistogramWinOverItsBucketMiddles(t *testing.T) {
	s := newService(Config{})
	ingest(s, document("N", now, "", `{"Values":[1,2],"Counts":[3,4],"Max":2.5,"Min":0.5,"Count":7,"Sum":12}`))
	x := s.store.all()[0]
	b := x.minutes[0]
	assert.Equal(t, []float64{7, 12, 0.5, 2.5}, []float64{b.count, b.sum, b.min, b.max})
	v, ok := b.percentile(50)
	assert.True(t, ok)
	assert.InDelta(t, 2, v, 0)
}

func TestInvalidEMFIsCountedAndKept(t *testing.T) {
	s := newService(Config{})
	for _, tc := range []struct{ message, namespace, metric, reason string }{
		{`{"_aws":{"CloudWatchMetrics":[`, "", "", "invalid JSON"},
		{`{"_aws":{"CloudWatchMetrics":[]}}`, "", "", "_aws.Timestamp is missing"},
		{document("N", now, `,"Unit":"x"`, `1`), "N", "m", `unit is "x"`},
		{document("AWS/EC2", now, "", `1`), "AWS/EC2", "m", `Namespace is "AWS/EC2", but AWS/ is reserved`},
		{document("N", now.Add(-14*24*time.Hour-time.Millisecond), "", `1`), "N", "", "Timestamp is 2026-02-18T11:59:59Z, within the past two weeks"},
		{document("N", now.Add(2*time.Hour+time.Millisecond), "", `1`), "N", "", "no more than two hours in the future"},
	} {
		ingest(s, tc.message)
		i := s.Status().InvalidEMF[0]
		assert.Equal(t, []any{"group", "stream", now, tc.namespace, tc.metric}, []any{i.LogGroup, i.LogStream, i.Time, i.Namespace, i.Metric})
		assert.Contains(t, i.Reason, tc.reason)
	}
	assert.Equal(t, EMFStatus{Documents: 6, ParsingErrors: 1, ValidationErrors: 5}, s.Status().EMF)
	assert.Empty(t, s.Status().Series)

	ingest(s, document("N", now.Add(-14*24*time.Hour), "", `1`))
	ingest(s, document("N", now.Add(2*time.Hour), "", `1`))
	assert.Equal(t, int64(2), s.Status().Totals.PointsFromEMF)
}

func TestLast100InvalidOnesAreKept(t *testing.T) {
	s := newService(Config{})
	for i := range 250 {
		s.IngestEMF(fmt.Sprint(i), "s", `{"_aws":1}`, now)
	}
	st := s.Status()
	require.Len(t, st.InvalidEMF, 100)
	assert.Equal(t, "249", st.InvalidEMF[0].LogGroup)
	assert.Equal(t, "150", st.InvalidEMF[99].LogGroup)
	assert.Equal(t, int64(250), st.EMF.ValidationErrors)
	ingest(s, `{"_aws":"`+strings.Repeat("é", 1000)+`"}`)
	assert.LessOrEqual(t, len(s.Status().InvalidEMF[0].Reason), maxReason)
}

func TestStatusListsTheMostRecentSeries(t *testing.T) {
	s := newService(Config{})
	for i := range MaxStatusSeries + 10 {
		ingest(s, strings.Replace(document("N", now, "", "1"), `"h"`, fmt.Sprintf(`"h%d"`, i), 1))
	}
	st := s.Status()
	assert.Len(t, st.Series, MaxStatusSeries)
	assert.Equal(t, MaxStatusSeries+10, st.SeriesCount)
	assert.Equal(t, "h1009", st.Series[0].Dimensions[0].Value)
}

func TestEMFAndPutFeedOneSeries(t *testing.T) {
	s := newService(Config{})
	ingest(s, document("N", now, "", "1"))
	put(t, s, "N", m{"MetricName": "m", "Value": 3, "Dimensions": []m{{"Name": "host", "Value": "h"}}})
	st := s.Status()
	require.Len(t, st.Series, 1)
	assert.InDelta(t, 2, st.Series[0].SampleCount, 0)
	assert.Equal(t, int64(1), st.Totals.PointsFromEMF)
	assert.Equal(t, int64(1), st.Totals.PointsFromPut)
}

func TestServiceMayBeUsedConcurrently(t *testing.T) {
	s := newService(Config{MaxSeries: 20})
	done := make(chan struct{})
	for w := range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range 200 {
				ingest(s, strings.Replace(document("N", now, "", "1"), `"h"`, fmt.Sprintf(`"h%d-%d"`, w, i), 1))
				_, _ = call(s, "ListMetrics", m{})
				s.Status()
			}
		}()
	}
	for range 4 {
		<-done
	}
	assert.Equal(t, 20, s.Status().SeriesCount)
}

func BenchmarkIngestEMF(b *testing.B) {
	s := newService(Config{})
	message := document("N", now, `,"Unit":"Count"`, "1")
	b.ReportAllocs()
	for b.Loop() {
		ingest(s, message)
	}
}
