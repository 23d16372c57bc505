package otlpreceiver

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/weight"
)

// format is how a message is written.
type format uint8

const (
	protobuf format = iota
	jsonText
)

// signal is what is particular to logs, metrics or traces.
type signal struct {
	// path is the method's, over gRPC.
	path string
	kind *weight.Kind
	// consume decodes a request and hands it on. invalid says that it could not be decoded.
	consume func(ctx context.Context, f format, body []byte, report *receiverhelper.ObsReport) (invalid bool, err error)
	// empty is the answer where everything was taken.
	empty func(f format) ([]byte, error)
}

// estimate is the memory of a request, in bytes.
func (s *signal) estimate(f format, body []byte) (int64, error) {
	if f == jsonText {
		return weight.JSON(s.kind, body)
	}
	return weight.Proto(s.kind, body)
}

const observedFormat = "protobuf"

func logsSignal(next consumer.Logs) *signal {
	return &signal{
		path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export", kind: weight.Logs,
		consume: func(ctx context.Context, f format, body []byte, report *receiverhelper.ObsReport) (bool, error) {
			request := plogotlp.NewExportRequest()
			if err := unmarshal(&request, f, body); err != nil {
				return true, err
			}
			n := request.Logs().LogRecordCount()
			if n == 0 {
				return false, nil
			}
			ctx = report.StartLogsOp(ctx)
			err := next.ConsumeLogs(ctx, request.Logs())
			report.EndLogsOp(ctx, observedFormat, n, err)
			return false, err
		},
		empty: func(f format) ([]byte, error) { return marshal(plogotlp.NewExportResponse(), f) },
	}
}

func metricsSignal(next consumer.Metrics) *signal {
	return &signal{
		path: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", kind: weight.Metrics,
		consume: func(ctx context.Context, f format, body []byte, report *receiverhelper.ObsReport) (bool, error) {
			request := pmetricotlp.NewExportRequest()
			if err := unmarshal(&request, f, body); err != nil {
				return true, err
			}
			n := request.Metrics().DataPointCount()
			if n == 0 {
				return false, nil
			}
			ctx = report.StartMetricsOp(ctx)
			err := next.ConsumeMetrics(ctx, request.Metrics())
			report.EndMetricsOp(ctx, observedFormat, n, err)
			return false, err
		},
		empty: func(f format) ([]byte, error) { return marshal(pmetricotlp.NewExportResponse(), f) },
	}
}

func tracesSignal(next consumer.Traces) *signal {
	return &signal{
		path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export", kind: weight.Traces,
		consume: func(ctx context.Context, f format, body []byte, report *receiverhelper.ObsReport) (bool, error) {
			request := ptraceotlp.NewExportRequest()
			if err := unmarshal(&request, f, body); err != nil {
				return true, err
			}
			n := request.Traces().SpanCount()
			if n == 0 {
				return false, nil
			}
			ctx = report.StartTracesOp(ctx)
			err := next.ConsumeTraces(ctx, request.Traces())
			report.EndTracesOp(ctx, observedFormat, n, err)
			return false, err
		},
		empty: func(f format) ([]byte, error) { return marshal(ptraceotlp.NewExportResponse(), f) },
	}
}

func unmarshal(to interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}, f format, body []byte) error {
	if f == jsonText {
		return to.UnmarshalJSON(body)
	}
	return to.UnmarshalProto(body)
}

func marshal(from interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}, f format) ([]byte, error) {
	if f == jsonText {
		return from.MarshalJSON()
	}
	return from.MarshalProto()
}
