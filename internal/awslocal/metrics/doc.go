// Package metrics stands in for CloudWatch metrics: PutMetricData, ListMetrics, GetMetricStatistics
// and GetMetricData, and the extraction of metrics from log events in the Embedded Metric Format.
//
// Data points are aggregated into buckets of a minute, and of a second for high-resolution metrics,
// as CloudWatch does; each bucket keeps its unit. For percentiles, a bucket holds its values with
// their counts up to MaxExactValues different ones, and from then on a logarithmic sketch whose
// values are right to one per cent.
//
// Memory is bounded: the oldest points of the series that was updated longest ago go first.
package metrics
