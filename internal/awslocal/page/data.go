package page

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/logs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/otlp"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/ssm"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/xray"
)

// Data is everything that is shown.
type Data struct {
	Version     string           `json:"version"`
	Listen      string           `json:"listen"` // http://HOST:PORT
	Region      string           `json:"region"`
	Account     string           `json:"account"`
	AccessKeyID string           `json:"access_key_id"`
	Started     time.Time        `json:"started"`
	Now         time.Time        `json:"now"`
	Requests    []OperationCount `json:"requests"`
	Logs        logs.Status      `json:"logs"`
	Metrics     metrics.Status   `json:"metrics"`
	SSM         ssm.Status       `json:"ssm"`
	XRay        xray.Status      `json:"xray"`
	OTLP        otlp.Status      `json:"otlp"`
	Faults      []faults.State   `json:"faults"`
}

// OperationCount counts the calls of one operation since the start, and those of them that were
// answered with an error.
type OperationCount struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Count     int64  `json:"count"`
	Errors    int64  `json:"errors"`
}
