package logs

import (
	"math"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// What stands in an event for a member that the request does not have.
const (
	noTime    = math.MinInt64
	noMessage = math.MaxUint32
)

// maxPooled is the largest buffer that is kept for the next request: twice the largest valid batch.
const maxPooled = 2 << 20

// batch is a PutLogEvents request. Its memory is used again for the next one.
type batch struct {
	group, stream *string
	listed        bool // there are logEvents, perhaps none
	events        []event
	text          []byte // all messages, one after the other
	entity        *entity
	decoder       decoder
}

// decode reads the request of a call.
func (b *batch) decode(c *wire.Call) error {
	b.group, b.stream, b.listed, b.entity = nil, nil, false, nil
	b.events, b.text = b.events[:0], b.text[:0]
	if c.Protocol != wire.JSON11 && c.Protocol != wire.JSON10 {
		return b.decodeAny(c)
	}
	if len(c.Body) == 0 {
		return nil
	}
	b.decoder.data, b.decoder.pos = c.Body, 0
	err := b.decodeJSON()
	b.decoder.data = nil
	if err != nil {
		return wire.Errorf("SerializationException", "%s", err)
	}
	return nil
}

func (b *batch) decodeJSON() error {
	d := &b.decoder
	null, err := d.null()
	if !null && err == nil {
		err = d.object(b.member)
	}
	if err != nil {
		return err
	}
	if d.peek(); d.pos < len(d.data) {
		return d.unexpected()
	}
	return nil
}

func (b *batch) member(key []byte) (err error) {
	d := &b.decoder
	switch string(key) {
	case "logGroupName":
		b.group, err = d.smallString()
	case "logStreamName":
		b.stream, err = d.smallString()
	case "logEvents":
		b.events, b.text, b.listed = b.events[:0], b.text[:0], false
		if null, err := d.null(); null || err != nil {
			return err
		}
		b.listed = true
		err = d.array(b.event)
	case "entity":
		b.entity = nil
		if null, err := d.null(); null || err != nil {
			return err
		}
		b.entity, err = d.entity()
	case "sequenceToken":
		_, err = d.smallString() // ignored, but it must be a string
	default:
		err = d.skip(2)
	}
	return err
}

// event reads an element of logEvents. It does not use decoder.object, whose callback would cost as
// much as the rest.
func (b *batch) event() error {
	d := &b.decoder
	e := entryWithout()
	if null, err := d.null(); null || err != nil {
		b.add(e)
		return err
	}
	if c := d.peek(); c != '{' {
		return d.wrongType(c, "a Structure")
	}
	d.pos++
	for first := true; ; first = false {
		c := d.peek()
		if c == '}' && first {
			break
		}
		if c != '"' {
			return d.unexpected()
		}
		d.pos++
		var err error
		if d.scratch, err = d.text(d.scratch[:0]); err != nil {
			return err
		}
		if d.peek() != ':' {
			return d.unexpected()
		}
		d.pos++
		switch string(d.scratch) {
		case "timestamp":
			e.time, err = b.timestamp()
		case "message":
			e.off, e.size, err = b.message()
		default:
			err = d.skip(4)
		}
		if err != nil {
			return err
		}
		if c = d.peek(); c == '}' {
			break
		}
		if c != ',' {
			return d.unexpected()
		}
		d.pos++
	}
	d.pos++
	b.add(e)
	return nil
}

// add keeps an event, up to one more than a valid batch has: validate needs no more to refuse it, and
// a request of many empty objects must not become an array of many times its size.
func (b *batch) add(e event) {
	if len(b.events) <= maxBatchEvents {
		b.events = append(b.events, e)
	}
}

func (b *batch) timestamp() (int64, error) {
	if null, err := b.decoder.null(); null || err != nil {
		return noTime, err
	}
	return b.decoder.integer()
}

func (b *batch) message() (off, size uint32, err error) {
	if null, err := b.decoder.null(); null || err != nil {
		return 0, noMessage, err
	}
	from := len(b.text)
	b.text, err = b.decoder.string(b.text)
	return uint32(from), uint32(len(b.text) - from), err
}

// decodeAny reads a request in a protocol other than JSON.
func (b *batch) decodeAny(c *wire.Call) error {
	var in struct {
		LogGroupName  *string `json:"logGroupName"`
		LogStreamName *string `json:"logStreamName"`
		LogEvents     []struct {
			Timestamp *int64  `json:"timestamp"`
			Message   *string `json:"message"`
		} `json:"logEvents"`
		Entity *entity `json:"entity"`
	}
	if err := c.Decode(&in); err != nil {
		return err
	}
	b.group, b.stream, b.entity, b.listed = in.LogGroupName, in.LogStreamName, in.Entity, in.LogEvents != nil
	for _, event := range in.LogEvents {
		e := entryWithout()
		if event.Timestamp != nil {
			e.time = *event.Timestamp
		}
		if event.Message != nil {
			e.off, e.size = uint32(len(b.text)), uint32(len(*event.Message))
			b.text = append(b.text, *event.Message...)
		}
		b.add(e)
	}
	return nil
}

// entryWithout is an event without members.
func entryWithout() event { return event{time: noTime, size: noMessage} }
