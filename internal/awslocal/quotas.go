package awslocal

import (
	"golang.org/x/time/rate"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// quotas are the request rates of one account in one region. A bucket holds one second's worth.
type quotas struct {
	buckets map[string]*rate.Limiter // by service and operation; operations may share one
}

// requestsPerSecond are AWS's default quotas (CloudWatch Logs, CloudWatch and Systems Manager service
// quotas pages).
var requestsPerSecond = map[string]float64{
	wire.Logs + ".PutLogEvents":                5000,
	wire.Logs + ".CreateLogGroup":              10,
	wire.Logs + ".DeleteLogGroup":              10,
	wire.Logs + ".CreateLogStream":             50,
	wire.Logs + ".DescribeLogGroups":           10,
	wire.Logs + ".DescribeLogStreams":          25,
	wire.Logs + ".PutRetentionPolicy":          5,
	wire.Logs + ".DeleteRetentionPolicy":       5,
	wire.Logs + ".TagResource":                 5,
	wire.Logs + ".ListTagsForResource":         5,
	wire.Logs + ".GetLogEvents":                25,
	wire.Logs + ".FilterLogEvents":             25,
	wire.Monitoring + ".PutMetricData":         500,
	wire.Monitoring + ".ListMetrics":           25,
	wire.Monitoring + ".GetMetricData":         50,
	wire.Monitoring + ".GetMetricStatistics":   400,
	wire.Monitoring + "." + wire.ExportMetrics: 500,
}

// ssmReadsPerSecond is shared by the three calls that read parameters.
const ssmReadsPerSecond = 40

func newQuotas() *quotas {
	q := &quotas{buckets: map[string]*rate.Limiter{}}
	for key, perSecond := range requestsPerSecond {
		q.buckets[key] = rate.NewLimiter(rate.Limit(perSecond), int(perSecond))
	}
	reads := rate.NewLimiter(ssmReadsPerSecond, ssmReadsPerSecond)
	for _, operation := range []string{"GetParameter", "GetParameters", "GetParametersByPath"} {
		q.buckets[wire.SSM+"."+operation] = reads
	}
	return q
}

func (q *quotas) allow(call *wire.Call) bool {
	bucket := q.buckets[call.Service+"."+call.Operation]
	return bucket == nil || bucket.AllowN(call.Now, 1)
}

func throttled(service string) error { return faults.Throttled(service) }
