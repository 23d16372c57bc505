package cloudwatchlogsexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/pref"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
)

// logsRequest is what the queue holds. The batcher starts each batch in a goroutine of its own, so that two
// may begin in the wrong order; the number, which a batch gets when it is begun, tells which is first.
type logsRequest struct {
	logs   plog.Logs
	number uint64        // 0: of no batch
	size   int           // of the encoding in bytes; 0: not known
	next   func() uint64 // the number of a batch that begins
}

var (
	_ xexporterhelper.Request             = (*logsRequest)(nil)
	_ xexporterhelper.RequestErrorHandler = (*logsRequest)(nil)
)

var sizer plog.ProtoMarshaler

// ItemsCount implements xexporterhelper.Request.
func (r *logsRequest) ItemsCount() int { return r.logs.LogRecordCount() }

// BytesSize implements xexporterhelper.Request.
func (r *logsRequest) BytesSize() int {
	if r.size == 0 {
		r.size = sizer.LogsSize(r.logs)
	}
	return r.size
}

// MergeSplit begins a batch, or adds to it. It never splits: requests are divided by CloudWatch's limits.
func (r *logsRequest) MergeSplit(_ context.Context, _ int, _ exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if r.number == 0 {
		r.number = r.next()
	}
	if other == nil {
		return []xexporterhelper.Request{r}, nil
	}
	o, ok := other.(*logsRequest)
	if !ok {
		return nil, fmt.Errorf("a request of logs cannot take in a %T", other)
	}
	size := r.BytesSize() + o.BytesSize() // resources stand side by side in the encoding
	o.logs.ResourceLogs().MoveAndAppendTo(r.logs.ResourceLogs())
	r.size, o.size = size, 0
	return []xexporterhelper.Request{r}, nil
}

// OnError is what is left of a request.
func (r *logsRequest) OnError(err error) xexporterhelper.Request {
	if left, ok := errors.AsType[consumererror.Logs](err); ok {
		return &logsRequest{logs: left.Data(), next: r.next}
	}
	r.number = 0 // its turn is over
	return r
}

// encoding is that of every exporter, so that a persistent queue of awscloudwatchlogs can be taken over.
type encoding struct{ next func() uint64 }

func (encoding) Marshal(ctx context.Context, r xexporterhelper.Request) ([]byte, error) {
	return request.MarshalLogs(ctx, r.(*logsRequest).logs)
}

func (e encoding) Unmarshal(text []byte) (context.Context, xexporterhelper.Request, error) {
	ctx, logs, err := request.UnmarshalLogs(text)
	if errors.Is(err, request.ErrInvalidFormat) { // of versions without a context
		logs, err = new(plog.ProtoUnmarshaler).UnmarshalLogs(text)
		ctx = context.Background()
	}
	return ctx, &logsRequest{logs: logs, next: e.next}, err
}

// references keep pooled records alive while the queue holds them.
type references struct{}

func (references) Ref(r xexporterhelper.Request)   { pref.RefLogs(r.(*logsRequest).logs) }
func (references) Unref(r xexporterhelper.Request) { pref.UnrefLogs(r.(*logsRequest).logs) }
