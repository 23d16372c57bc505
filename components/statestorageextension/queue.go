package statestorageextension

import (
	"encoding/binary"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/protofields"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// The keys of exporterhelper's persistent queue (v0.156.0): its state, that of versions before 0.135, and the batches by
// their numbers.
const (
	queueKey      = "qmv0"
	oldReadKey    = "ri"
	oldWriteKey   = "wi"
	oldWorkingKey = "di"
)

const (
	// maxGaps is how many missing batches may stand between those that are there: the queue writes its state for each.
	maxGaps = 10_000
	// maxWorking is how many batches a queue may take back that were being sent: it reads them all at once.
	maxWorking = 1000
	// mendBatch is how many batches are removed at once.
	mendBatch = 1000
)

// queueState is PersistentMetadata of exporterhelper.
type queueState struct {
	items, bytes int64
	read, write  uint64
	working      []uint64
}

// parseQueue reads the state. It reports false where it is none.
func parseQueue(text []byte) (s queueState, ok bool) {
	err := protofields.Each(text, func(number protowire.Number, value uint64, inner []byte) error {
		switch number {
		case 1:
			s.items = int64(value)
		case 2:
			s.bytes = int64(value)
		case 3:
			s.read = value
		case 4:
			s.write = value
		case 5:
			if inner == nil {
				s.working = append(s.working, value)
			}
			for ; len(inner) >= 8; inner = inner[8:] {
				s.working = append(s.working, binary.LittleEndian.Uint64(inner))
			}
		}
		return nil
	})
	return s, err == nil && len(text) > 0
}

// parseOldQueue reads the state of before.
func parseOldQueue(read, write, working []byte) (s queueState, ok bool) {
	if len(read) < 8 || len(write) < 8 {
		return s, false
	}
	s.read, s.write = binary.LittleEndian.Uint64(read), binary.LittleEndian.Uint64(write)
	if len(working) >= 4 {
		for working = working[4:]; len(working) >= 8; working = working[8:] {
			s.working = append(s.working, binary.LittleEndian.Uint64(working))
		}
	}
	return s, true
}

func (s queueState) text() []byte {
	var text []byte
	for number, value := range map[protowire.Number]uint64{1: uint64(s.items), 2: uint64(s.bytes), 3: s.read, 4: s.write} {
		text = protowire.AppendFixed64(protowire.AppendTag(text, number, protowire.Fixed64Type), value)
	}
	for _, w := range s.working {
		text = protowire.AppendFixed64(protowire.AppendTag(text, 5, protowire.Fixed64Type), w)
	}
	return text
}

// mendQueue makes the state of a queue agree with its batches, and gives how many are lost. The queue itself believes what it
// reads: it would write its state for each number between two ends that are damaged, wait without an end for room that nobody
// takes, and keep batches that it does not know for ever.
func mendQueue(l *statelog.Log) (lost int, err error) {
	var there []uint64
	l.Each(func(key string, _ int) {
		if n, err := strconv.ParseUint(key, 10, 64); err == nil && strconv.FormatUint(n, 10) == key && n < 1<<63 {
			there = append(there, n)
		}
	})
	slices.Sort(there)
	values := map[string][]byte{}
	for _, key := range []string{queueKey, oldReadKey, oldWriteKey, oldWorkingKey} {
		if values[key], err = l.Get(key); err != nil {
			return 0, err
		}
	}
	before, ok := parseQueue(values[queueKey])
	if !ok {
		before, ok = parseOldQueue(values[oldReadKey], values[oldWriteKey], values[oldWorkingKey])
	}
	switch {
	case ok:
	case len(there) == 0 && values[queueKey] == nil && values[oldReadKey] == nil && values[oldWriteKey] == nil:
		return 0, nil // a new queue, or no queue
	case len(there) > 0:
		before = queueState{read: there[0], write: there[len(there)-1] + 1}
	}
	after, keep := before.mended(there)
	lost = before.missing(there)
	var ops []*statelog.Op
	for _, n := range there {
		if !keep(n) {
			ops = append(ops, &statelog.Op{Kind: statelog.Delete, Key: strconv.FormatUint(n, 10)})
			if n >= before.read {
				lost++
			}
		}
	}
	for _, key := range []string{oldReadKey, oldWriteKey, oldWorkingKey} {
		if values[key] != nil {
			ops = append(ops, &statelog.Op{Kind: statelog.Delete, Key: key})
		}
	}
	if len(ops) == 0 && ok && values[queueKey] != nil && after.equal(before) {
		return lost, nil
	}
	ops = append([]*statelog.Op{{Kind: statelog.Set, Key: queueKey, Value: after.text()}}, ops...)
	for part := range slices.Chunk(ops, mendBatch) {
		if err := l.Batch(part...); err != nil {
			return lost, err
		}
	}
	return lost, nil
}

func (s queueState) equal(o queueState) bool {
	return s.items == o.items && s.bytes == o.bytes && s.read == o.read && s.write == o.write && slices.Equal(s.working, o.working)
}

// missing is how many batches the state names that are not there, as far as that is a number to be believed.
func (s queueState) missing(there []uint64) (n int) {
	for _, w := range s.working {
		if _, ok := slices.BinarySearch(there, w); !ok {
			n++
		}
	}
	if n > maxWorking {
		n = 0 // no list of a queue
	}
	if s.write <= s.read || s.write-s.read > 1<<32 {
		return n
	}
	from, _ := slices.BinarySearch(there, s.read)
	to, _ := slices.BinarySearch(there, s.write)
	return n + int(s.write-s.read) - (to - from)
}

// mended is the state that agrees with the batches which are there, and keep says which of them it knows.
func (s queueState) mended(there []uint64) (after queueState, keep func(uint64) bool) {
	after = s
	after.items, after.bytes = max(s.items, 0), max(s.bytes, 0)
	after.working = nil
	for _, w := range s.working {
		if _, ok := slices.BinarySearch(there, w); ok && len(after.working) < maxWorking {
			after.working = append(after.working, w)
		}
	}
	// Of those that wait, as many of the newest as have few gaps between them.
	from, _ := slices.BinarySearch(there, s.read)
	waiting := there[from:]
	gaps := uint64(0)
	for i := len(waiting) - 1; i > 0; i-- {
		if gaps += waiting[i] - waiting[i-1] - 1; gaps > maxGaps {
			waiting = waiting[i:]
			break
		}
	}
	if len(waiting) > 0 {
		after.read, after.write = waiting[0], max(waiting[len(waiting)-1]+1, s.write)
		if after.write-waiting[len(waiting)-1] > maxGaps {
			after.write = waiting[len(waiting)-1] + 1
		}
	} else {
		if after.write >= 1<<62 { // it cannot be gone on from
			after.write = 0
		}
		if len(there) > 0 {
			after.write = max(after.write, there[len(there)-1]+1)
		}
		after.read = after.write
	}
	if len(waiting)+len(after.working) == 0 {
		after.items, after.bytes = 0, 0
	}
	working := after.working
	return after, func(n uint64) bool {
		return n >= after.read && len(waiting) > 0 || slices.Contains(working, n)
	}
}
