package metrics

import (
	"slices"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// MaxStatusSeries is how many series Status lists: the most recently updated ones. A page with more
// of them shows nobody anything.
const MaxStatusSeries = 1000

// Status is what the service holds.
type Status struct {
	// Namespaces counts series by namespace.
	Namespaces map[string]int `json:"namespaces"`
	// Series are up to MaxStatusSeries series, the most recently updated first.
	Series []SeriesStatus `json:"series"`
	// SeriesCount is the number of all series.
	SeriesCount int    `json:"series_count"`
	Totals      Totals `json:"totals"`
	// EMF counts documents in log events.
	EMF EMFStatus `json:"emf"`
	// InvalidEMF are the last 100 documents and metrics that gave no data point, the latest first.
	InvalidEMF []InvalidEMF `json:"invalid_emf"`
}

// Totals count since the start.
type Totals struct {
	// PointsFromEMF and PointsFromPut are data points by source. An array or a statistic set is one.
	PointsFromEMF int64 `json:"points_from_emf"`
	PointsFromPut int64 `json:"points_from_put"`
	// EvictedSeries and EvictedPoints were dropped to bound memory.
	EvictedSeries int64 `json:"evicted_series"`
	EvictedPoints int64 `json:"evicted_points"`
	// Bytes is the memory that the series take, by estimate.
	Bytes int64 `json:"bytes"`
}

// SeriesStatus is one series. Its last value is the mean of the last data point.
type SeriesStatus struct {
	Namespace         string          `json:"namespace"`
	Name              string          `json:"name"`
	Dimensions        []emf.Dimension `json:"dimensions"`
	Unit              string          `json:"unit"` // of the last data point
	StorageResolution int             `json:"storage_resolution"`
	LastValue         float64         `json:"last_value"`
	LastTime          time.Time       `json:"last_time"`
	Updated           time.Time       `json:"updated"`
	SampleCount       float64         `json:"sample_count"`
	Min               float64         `json:"min"`
	Max               float64         `json:"max"`
}

// Status is a snapshot.
func (s *Service) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{
		Namespaces: map[string]int{}, Series: []SeriesStatus{}, SeriesCount: len(s.store.byKey),
		Totals: s.totals, EMF: s.emf, InvalidEMF: make([]InvalidEMF, 0, len(s.recent)),
	}
	st.Totals.EvictedSeries, st.Totals.EvictedPoints = s.store.evictedSeries, s.store.evictedPoints
	st.Totals.Bytes = s.store.bytes
	for x := s.store.newest; x != nil; x = x.older {
		st.Namespaces[x.namespace]++
		if len(st.Series) == MaxStatusSeries {
			continue
		}
		resolution := 60
		if x.last.highResolution {
			resolution = 1
		}
		st.Series = append(st.Series, SeriesStatus{
			Namespace: x.namespace, Name: x.name, Dimensions: x.dimensions,
			Unit: emf.Units[x.last.unit], StorageResolution: resolution,
			LastValue: x.last.sum / x.last.count, LastTime: time.Unix(x.last.at, 0).UTC(), Updated: x.updated,
			SampleCount: x.samples, Min: x.min, Max: x.max,
		})
	}
	st.InvalidEMF = append(append(st.InvalidEMF, s.recent[s.next:]...), s.recent[:s.next]...)
	slices.Reverse(st.InvalidEMF)
	return st
}
