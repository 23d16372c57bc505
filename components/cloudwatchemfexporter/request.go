package cloudwatchemfexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
)

// emfRequest is what the queue holds: documents, since differences of totals are to be made once. next numbers
// batches, which the batcher may begin in the wrong order.
type emfRequest struct {
	documents []translate.Document
	number    uint64 // 0: of no batch
	size      int    // of the encoding in bytes; 0: not known
	next      func() uint64
}

var (
	_ xexporterhelper.Request             = (*emfRequest)(nil)
	_ xexporterhelper.RequestErrorHandler = (*emfRequest)(nil)
)

// ItemsCount implements xexporterhelper.Request. Items are data points.
func (r *emfRequest) ItemsCount() int {
	n := 0
	for i := range r.documents {
		n += r.documents[i].Points
	}
	return n
}

// perDocument is about what a document counts beside its text in the queue, in bytes.
const perDocument = 26

// BytesSize implements xexporterhelper.Request.
func (r *emfRequest) BytesSize() int {
	if r.size == 0 {
		for i := range r.documents {
			r.size += len(r.documents[i].Text) + perDocument
		}
	}
	return r.size
}

// MergeSplit begins a batch, or adds to it. It never splits: requests are divided by CloudWatch's limits.
func (r *emfRequest) MergeSplit(_ context.Context, _ int, _ exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if r.number == 0 {
		r.number = r.next()
	}
	if other == nil {
		return []xexporterhelper.Request{r}, nil
	}
	o, ok := other.(*emfRequest)
	if !ok {
		return nil, fmt.Errorf("a request of documents cannot take in a %T", other)
	}
	size := r.BytesSize() + o.BytesSize()
	r.documents = append(r.documents, o.documents...)
	r.size = size
	return []xexporterhelper.Request{r}, nil
}

// OnError is what is left of a request.
func (r *emfRequest) OnError(err error) xexporterhelper.Request {
	if left, ok := errors.AsType[*undelivered](err); ok {
		return &emfRequest{documents: left.documents, next: r.next}
	}
	r.number = 0 // its turn is over
	return r
}

// undelivered has the documents that were not delivered.
type undelivered struct {
	documents []translate.Document
	err       error
}

func (u *undelivered) Error() string { return u.err.Error() }
func (u *undelivered) Unwrap() error { return u.err }
