package translate

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// chosen are metrics of one resource, with a data point for each value of an attribute.
func chosen(resource map[string]any, key string, values ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	_ = rm.Resource().Attributes().FromRaw(resource)
	points := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	points.SetName("m")
	gauge := points.SetEmptyGauge()
	for i, v := range values {
		p := gauge.DataPoints().AppendEmpty()
		p.SetTimestamp(at(0))
		p.SetIntValue(int64(i))
		p.Attributes().PutStr(key, v)
	}
	return md
}

// bounded has templates, and an Admission for them.
func bounded(t *testing.T, namespace, group, stream string, limits admission.Limits) *Translator {
	o := options(t, func(o *Options) {
		o.Namespace, o.Stream, o.Group = namespace, namer(t, names.Stream, stream), nil
		if group != "" {
			o.Group = namer(t, names.Group, group)
		}
	})
	depends, reduce := o.Reduce()
	o.Admission = admission.New(admission.Options{GroupDepends: depends, StreamDepends: o.Stream.Depends(), Reduce: reduce, Limits: limits})
	return New(o)
}

func destinations(b *Batch) []string {
	var all []string
	for _, d := range b.Documents {
		text := d.Target.Group + " " + d.Target.Stream
		if d.Fallback.Group != "" {
			text += " or " + d.Fallback.Group + " " + d.Fallback.Stream
		}
		all = append(all, text)
	}
	return all
}

func TestWhatIsSentStaysInItsPlaceOfTheName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		namespace, group, stream string
		resource                 map[string]any
		want                     string
	}{
		"the resource":          {"N", "/ecs/{ClusterName}/metrics", "s", map[string]any{"ClusterName": "../payments"}, "/ecs/.._payments/metrics s"},
		"the data point":        {"N", "/ecs/{record:k}/metrics", "s", nil, "/ecs/a_b/metrics s or /ecs/overflow/metrics s"},
		"a label in its place":  {"N", "/ecs/{resource:k}/metrics", "s", nil, "/ecs/a_b/metrics s or /ecs/undefined/metrics s"},
		"a namespace":           {"", "", "s", map[string]any{"service.namespace": "a/b", "service.name": "c/d"}, "/metrics/a_b/c_d s"},
		"one that is AWS's own": {"", "", "s", map[string]any{"service.namespace": "AWS", "service.name": "EC2"}, "/metrics/_AWS/EC2 s"},
		"the operator's":        {"Shop/Web", "", "s", map[string]any{"service.name": "x"}, "/metrics/Shop/Web s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bounded(t, tt.namespace, tt.group, tt.stream, admission.DefaultLimits()).Translate(chosen(tt.resource, "k", "a/b"), now)
			assert.Equal(t, []string{tt.want}, destinations(b))
			assert.Empty(t, b.Elsewhere)
		})
	}
}

func TestDataPointsNameABoundedNumberOfTargets(t *testing.T) {
	t.Parallel()
	var values []string
	for i := range 10 {
		values = append(values, fmt.Sprint(i))
	}
	for name, tt := range map[string]struct{ group, stream, first, last string }{
		"streams":             {"/g", "{record:k}", "/g 0", "/g overflow"},
		"groups":              {"/g/{record:k}", "s", "/g/0 s or /g/overflow s", "/g/overflow s"},
		"labels in its place": {"/g", "{resource:k}", "/g 0 or /g undefined", "/g undefined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bounded(t, "N", tt.group, tt.stream, admission.Limits{PerSource: 3}).Translate(chosen(nil, "k", values...), now)
			to := destinations(b)
			assert.Len(t, to, 10)
			assert.Equal(t, tt.first, to[0])
			for _, last := range to[3:] {
				assert.Equal(t, tt.last, last)
			}
			assert.Equal(t, 7, b.Elsewhere[admission.TooMany].Documents)
		})
	}
	tr := bounded(t, "", "", "s", admission.Limits{Groups: 2})
	for i := range 5 {
		b := tr.Translate(chosen(map[string]any{"service.name": fmt.Sprint(i)}, "k", "v"), now)
		want := "/metrics/overflow s"
		if i < 2 {
			want = fmt.Sprint("/metrics/", i, " s")
		}
		assert.Equal(t, []string{want}, destinations(b))
	}
}
