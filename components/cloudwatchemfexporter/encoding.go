package cloudwatchemfexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter/internal/translate"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/protofields"
)

// encoding is that of a queue on disk, as protobuf:
//
//	message Request { repeated Target targets = 1; repeated Document documents = 2; }
//	message Target { string group = 1; string stream = 2; string fallback_group = 3; string fallback_stream = 4; }
//	message Document { uint32 target = 1; sint64 timestamp_ms = 2; uint64 points = 3; bytes text = 4; }
//
// What a later version adds is passed over.
type encoding struct{ next func() uint64 }

// Marshal implements the queue's Encoding.
func (encoding) Marshal(_ context.Context, r xexporterhelper.Request) ([]byte, error) {
	documents := r.(*emfRequest).documents
	index := map[translate.Destination]int{}
	to := make([]byte, 0, r.BytesSize())
	var one []byte
	for i := range documents {
		d := &documents[i]
		target, ok := index[d.Destination]
		if !ok {
			target = len(index)
			index[d.Destination] = target
			one = protowire.AppendString(protowire.AppendTag(one[:0], 1, protowire.BytesType), d.Target.Group)
			one = protowire.AppendString(protowire.AppendTag(one, 2, protowire.BytesType), d.Target.Stream)
			if d.Fallback != (cwlogs.Target{}) {
				one = protowire.AppendString(protowire.AppendTag(one, 3, protowire.BytesType), d.Fallback.Group)
				one = protowire.AppendString(protowire.AppendTag(one, 4, protowire.BytesType), d.Fallback.Stream)
			}
			to = protowire.AppendBytes(protowire.AppendTag(to, 1, protowire.BytesType), one)
		}
		one = protowire.AppendVarint(protowire.AppendTag(one[:0], 1, protowire.VarintType), uint64(target))
		one = protowire.AppendVarint(protowire.AppendTag(one, 2, protowire.VarintType), protowire.EncodeZigZag(d.Timestamp))
		one = protowire.AppendVarint(protowire.AppendTag(one, 3, protowire.VarintType), uint64(d.Points))
		one = protowire.AppendBytes(protowire.AppendTag(one, 4, protowire.BytesType), d.Text)
		to = protowire.AppendBytes(protowire.AppendTag(to, 2, protowire.BytesType), one)
	}
	return to, nil
}

// Unmarshal implements the queue's Encoding.
func (e encoding) Unmarshal(text []byte) (context.Context, xexporterhelper.Request, error) {
	r := &emfRequest{next: e.next}
	var targets []translate.Destination
	err := protofields.Each(text, func(number protowire.Number, _ uint64, message []byte) error {
		switch number {
		case 1:
			var t translate.Destination
			err := protofields.Each(message, func(number protowire.Number, _ uint64, text []byte) error {
				switch number {
				case 1:
					t.Target.Group = string(text)
				case 2:
					t.Target.Stream = string(text)
				case 3:
					t.Fallback.Group = string(text)
				case 4:
					t.Fallback.Stream = string(text)
				}
				return nil
			})
			targets = append(targets, t)
			return err
		case 2:
			d, target := translate.Document{}, uint64(0)
			err := protofields.Each(message, func(number protowire.Number, value uint64, text []byte) error {
				switch number {
				case 1:
					target = value
				case 2:
					d.Timestamp = protowire.DecodeZigZag(value)
				case 3:
					d.Points = int(value)
				case 4:
					d.Text = append([]byte(nil), text...) // the storage may use its memory again
				}
				return nil
			})
			if err != nil {
				return err
			}
			if target >= uint64(len(targets)) {
				return fmt.Errorf("a document is for stream %d, and there are %d", target, len(targets))
			}
			d.Destination = targets[target]
			r.documents = append(r.documents, d)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("what the queue holds is no request of cloudwatch_emf: %w", err)
	}
	return context.Background(), r, nil
}
