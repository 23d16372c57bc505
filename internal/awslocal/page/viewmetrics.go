package page

import (
	"cmp"
	"maps"
	"slices"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
)

type namespaceView struct {
	Name, Count string
	Series      bounded[seriesView]
}

type seriesView struct {
	Name           string
	Dimensions     []dimensionView
	Value, Unit    string // the unit is empty for None
	Human          string // empty where it says no more
	Samples        string
	HighResolution bool
	At             moment
}

type dimensionView struct{ Name, Value string }

type invalidView struct {
	Time                moment
	Where, What, Reason string
}

// namespaceViews shows the metrics by namespace, name and dimensions.
func namespaceViews(d Data) bounded[namespaceView] {
	byNamespace := map[string][]metrics.SeriesStatus{}
	for _, s := range d.Metrics.Series {
		byNamespace[s.Namespace] = append(byNamespace[s.Namespace], s)
	}
	names := slices.Sorted(maps.Keys(d.Metrics.Namespaces))
	return bound(names, maxNamespaces, len(names), func(name string) namespaceView {
		series := byNamespace[name]
		slices.SortFunc(series, func(a, b metrics.SeriesStatus) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), slices.CompareFunc(a.Dimensions, b.Dimensions, func(a, b emf.Dimension) int {
				return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
			}))
		})
		total := d.Metrics.Namespaces[name]
		return namespaceView{
			Name: clip(name), Count: plural(int64(total), "metric", "metrics"),
			Series: bound(series, maxSeries, total, func(s metrics.SeriesStatus) seriesView { return newSeriesView(s, d) }),
		}
	})
}

func newSeriesView(s metrics.SeriesStatus, d Data) seriesView {
	shown := seriesView{
		Name: clip(s.Name), Value: plain(s.LastValue), Unit: s.Unit, Human: human(s.LastValue, s.Unit),
		Samples: plain(s.SampleCount), HighResolution: s.StorageResolution == 1, At: newMoment(s.LastTime, d.Now),
	}
	if s.Unit == emf.NoUnit {
		shown.Unit = ""
	}
	for _, dimension := range s.Dimensions {
		shown.Dimensions = append(shown.Dimensions, dimensionView{clip(dimension.Name), clip(dimension.Value)})
	}
	return shown
}

func invalidViews(d Data) bounded[invalidView] {
	list := d.Metrics.InvalidEMF
	return bound(list, maxInvalid, len(list), func(i metrics.InvalidEMF) invalidView {
		what := i.Metric
		if i.Namespace != "" && what != "" {
			what = i.Namespace + " / " + what
		} else {
			what = cmp.Or(what, i.Namespace)
		}
		return invalidView{newMoment(i.Time, d.Now), clip(i.LogGroup) + " / " + clip(i.LogStream), clip(cmp.Or(what, "the document")), clip(i.Reason)}
	})
}
