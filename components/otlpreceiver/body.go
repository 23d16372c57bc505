package otlpreceiver

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/weight"
)

const (
	// firstRead is what is reserved for a body whose size is not known.
	firstRead = 16 << 10
	// zstdWindow is the largest window that a frame may ask for: its size is the sender's choice, up to 512 MiB. RFC 8878
	// recommends to support 8 MiB.
	zstdWindow = 8 << 20
)

// What decoders hold, beside what they have decoded.
const (
	flateCost  = 64 << 10
	snappyCost = 192 << 10
	lz4Cost    = 9 << 20 // blocks of 4 MiB, as read and as decoded
	zstdCost   = zstdWindow + 1<<20
)

// errBodyTooLarge is of a body beyond the bound of its protocol.
var errBodyTooLarge = errors.New("the body is too large when decompressed; send less in one request")

// body reads a request's body to its end, decompressed, within limit bytes. What it takes is held by the grant. A compressed body
// is decompressed when all of it is there: who sends slowly holds what was sent, and not what a decoder takes.
func body(ctx context.Context, g *grant, from io.Reader, encoding string, limit, known int64) ([]byte, error) {
	limit = min(limit, g.of.limit/weight.TextTimes) // more would be read in vain
	packed, err := readAll(ctx, g, from, limit, known)
	if err != nil || encoding == "" || encoding == "identity" {
		return packed, err
	}
	if encoding == "snappy" {
		if !bytes.HasPrefix(packed, snappyFrame) {
			return snappyBlock(ctx, g, packed, limit)
		}
		encoding = "x-snappy-framed" // some senders call it so
	}
	cost := int64(flateCost)
	switch encoding {
	case "x-snappy-framed":
		cost = snappyCost
	case "lz4":
		cost = lz4Cost
	case "zstd":
		cost = zstdCost
	}
	if err := g.grow(ctx, cost); err != nil {
		return nil, err
	}
	decoder, closed, err := decode(bytes.NewReader(packed), encoding)
	if err != nil {
		return nil, err
	}
	text, err := readAll(ctx, g, decoder, limit, 0)
	closed()
	return text, err
}

func decode(from io.Reader, encoding string) (io.Reader, func(), error) {
	switch encoding {
	case "gzip":
		r, err := gzip.NewReader(from)
		return r, func() {}, err
	case "zlib", "deflate":
		r, err := zlib.NewReader(from)
		return r, func() {}, err
	case "x-snappy-framed":
		return snappy.NewReader(from), func() {}, nil
	case "lz4":
		return lz4.NewReader(from), func() {}, nil
	case "zstd":
		r, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}
	return nil, nil, fmt.Errorf("unsupported Content-Encoding: %s", encoding)
}

// readAll reads to the end, and reserves each piece of memory before it is taken.
func readAll(ctx context.Context, g *grant, from io.Reader, limit, known int64) ([]byte, error) {
	if known > limit {
		return nil, errBodyTooLarge
	}
	size := int64(firstRead)
	if known > 0 {
		size = min(known+1, size) // what is claimed is not there yet
	}
	if err := g.grow(ctx, size); err != nil {
		return nil, err
	}
	text := make([]byte, 0, size)
	for {
		if len(text) == cap(text) {
			if int64(len(text)) > limit {
				return nil, errBodyTooLarge
			}
			next := min(2*int64(cap(text)), limit+1)
			if err := g.grow(ctx, next); err != nil {
				return nil, err
			}
			text = append(make([]byte, 0, next), text...)
			if err := g.to(ctx, g.held-int64(len(text))); err != nil {
				return nil, err
			}
		}
		n, err := from.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if int64(len(text)) > limit {
			return nil, errBodyTooLarge
		}
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// snappyFrame begins a framed stream.
var snappyFrame = []byte("\xff\x06\x00\x00sNaPpY")

func snappyBlock(ctx context.Context, g *grant, packed []byte, limit int64) ([]byte, error) {
	size, read := binary.Uvarint(packed)
	if read <= 0 {
		return nil, errors.New("the body is not in snappy's block format")
	}
	if size > uint64(limit) {
		return nil, errBodyTooLarge
	}
	if err := g.grow(ctx, int64(size)); err != nil {
		return nil, err
	}
	return snappy.Decode(make([]byte, size), packed)
}
