package cwlogs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

const (
	// piece is how much JSON is made before it is compressed, in bytes: so much stays in the processor's cache.
	piece = 64 << 10
	// maxPooled is the largest buffer that is kept, in bytes: that of a whole batch with little to escape.
	maxPooled = 2 << 20
)

// Payload is a request's body as it goes over the wire. It can be sent any number of times.
type Payload struct {
	packer *packer
	buffer *bytes.Buffer
	hash   string
	raw    int
	uses   atomic.Int32 // the owner and each reader
}

// Raw is how many bytes the JSON has, and Wire how many of them are sent.
func (p *Payload) Raw() int { return p.raw }

// Wire is how many bytes are sent.
func (p *Payload) Wire() int { return p.buffer.Len() }

// Release gives the memory back, once no connection reads it any more.
func (p *Payload) Release() {
	if p.uses.Add(-1) == 0 && p.buffer.Cap() <= maxPooled {
		p.packer.buffers.Put(p.buffer)
	}
}

// open is a request's body. net/http may go on reading it after the request has failed, until it closes it.
func (p *Payload) open() *body {
	p.uses.Add(1)
	b := &body{payload: p}
	b.rest.Reset(p.buffer.Bytes())
	return b
}

type body struct {
	payload *Payload
	rest    bytes.Reader
	closed  atomic.Bool
	drained atomic.Bool // all of it was handed to the connection
}

// Read implements io.Reader.
func (b *body) Read(to []byte) (int, error) {
	if b.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := b.rest.Read(to)
	if b.rest.Len() == 0 {
		b.drained.Store(true)
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	if !b.closed.Swap(true) {
		b.payload.Release()
	}
	return nil
}

// packer makes payloads.
type packer struct {
	level   int       // of gzip; gzip.NoCompression sends JSON as it is
	writers sync.Pool // of *gzip.Writer
	buffers sync.Pool // of *bytes.Buffer
	texts   sync.Pool // of *[]byte, up to a piece or a message
}

func newPacker(level int) (*packer, error) {
	if _, err := gzip.NewWriterLevel(nil, level); err != nil {
		return nil, err
	}
	p := &packer{level: level}
	p.writers.New = func() any {
		w, _ := gzip.NewWriterLevel(nil, level) // it was tried
		return w
	}
	p.buffers.New = func() any { return new(bytes.Buffer) }
	p.texts.New = func() any {
		b := make([]byte, 0, piece+piece/4)
		return &b
	}
	return p, nil
}

// pack makes the payload of PutLogEvents.
func (p *packer) pack(t Target, entity *Entity, events []Fixed) (*Payload, error) {
	payload := &Payload{packer: p, buffer: p.buffers.Get().(*bytes.Buffer)}
	payload.uses.Store(1)
	payload.buffer.Reset()
	var to io.Writer = payload.buffer
	var compressed *gzip.Writer
	if p.level != gzip.NoCompression {
		compressed = p.writers.Get().(*gzip.Writer)
		compressed.Reset(payload.buffer)
		to = compressed
	}
	scratch := p.texts.Get().(*[]byte)
	text := appendHead((*scratch)[:0], t, entity)
	var errs error // none: a buffer takes everything
	flush := func() {
		payload.raw += len(text)
		_, err := to.Write(text)
		errs = errors.Join(errs, err)
		text = text[:0]
	}
	for i := range events {
		if i > 0 {
			text = append(text, ',')
		}
		if text = appendEvent(text, &events[i]); len(text) >= piece {
			flush()
		}
	}
	text = append(text, tail...)
	flush()
	if cap(text) <= maxPooled {
		*scratch = text
		p.texts.Put(scratch)
	}
	if compressed != nil {
		errs = errors.Join(errs, compressed.Close())
		p.writers.Put(compressed)
	}
	if errs != nil {
		payload.Release()
		return nil, errs
	}
	sum := sha256.Sum256(payload.buffer.Bytes())
	payload.hash = hex.EncodeToString(sum[:])
	return payload, nil
}
