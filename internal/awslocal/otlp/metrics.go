package otlp

import (
	"maps"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func (s *Service) exportMetrics(c *wire.Call) (any, error) {
	r := pmetricotlp.NewExportRequest()
	if err := decode(c, MaxMetricsBytes, r); err != nil {
		return nil, err
	}
	if n := r.Metrics().DataPointCount(); n > MaxPoints {
		return nil, tooMany("data points", n, MaxPoints)
	}
	var points []Point
	for _, rm := range r.Metrics().ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			shared := map[string]string{}
			labels(shared, sm.Scope().Attributes())
			labels(shared, rm.Resource().Attributes())
			for _, m := range sm.Metrics().All() {
				points = append(points, pointsOf(m, shared)...)
			}
		}
	}
	for _, p := range points {
		if len(p.Labels) > MaxLabels {
			return nil, wire.Errorf("InvalidArgument", "a data point of %q has %d labels, and %d are allowed", p.Name, len(p.Labels), MaxLabels)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.points = keep(s.points, points...)
	s.status.DataPoints += int64(len(points))
	return pmetricotlp.NewExportResponse(), nil
}

// point is what all kinds of data points have.
type point interface {
	Attributes() pcommon.Map
	Timestamp() pcommon.Timestamp
}

func pointsOf(m pmetric.Metric, shared map[string]string) (all []Point) {
	add := func(p point, value float64) {
		of := maps.Clone(shared)
		labels(of, p.Attributes())
		all = append(all, Point{Name: m.Name(), Unit: m.Unit(), Type: m.Type().String(), Time: p.Timestamp().AsTime(), Value: value, Labels: of})
	}
	number := func(points pmetric.NumberDataPointSlice) {
		for _, p := range points.All() {
			if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
				add(p, float64(p.IntValue()))
			} else {
				add(p, p.DoubleValue())
			}
		}
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		number(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		number(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			add(p, float64(p.Count()))
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			add(p, float64(p.Count()))
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			add(p, float64(p.Count()))
		}
	}
	return all
}
