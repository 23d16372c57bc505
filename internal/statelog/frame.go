package statelog

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	headerSize  = 24
	trailerSize = 4
	// maxPayload bounds a frame: its length has four bytes, and a reader allocates as much.
	maxPayload = 1 << 30
)

// salt tells the frames of one store from everything else.
type salt [8]byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

// What an operation does.
const (
	opSet    = 1
	opDelete = 2
	opFloor  = 3
)

// operation is one change. The value of a floor is its sequence, in eight bytes.
type operation struct {
	kind  byte
	key   string
	value []byte
}

// floorAt is the operation that voids every frame below a sequence.
func floorAt(sequence uint64) operation {
	return operation{kind: opFloor, value: binary.LittleEndian.AppendUint64(nil, sequence)}
}

// payloadSize is at least what the operations need.
func payloadSize(ops []operation) (size int) {
	for _, o := range ops {
		size += 1 + 2*binary.MaxVarintLen32 + len(o.key) + len(o.value)
	}
	return size
}

// appendFrame appends a frame, and gives where in the result the value of each operation begins.
func appendFrame(to []byte, s salt, sequence uint64, ops []operation) (frame []byte, values []int) {
	begin := len(to)
	to = append(to, s[:]...)
	to = binary.LittleEndian.AppendUint64(to, sequence)
	to = append(to, make([]byte, headerSize-16)...)
	values = make([]int, len(ops))
	for i, o := range ops {
		to = append(to, o.kind)
		if o.kind != opFloor {
			to = binary.AppendUvarint(to, uint64(len(o.key)))
		}
		if o.kind == opSet {
			to = binary.AppendUvarint(to, uint64(len(o.value)))
		}
		to = append(to, o.key...)
		values[i] = len(to)
		to = append(to, o.value...)
	}
	binary.LittleEndian.PutUint32(to[begin+16:], uint32(len(to)-begin-headerSize))
	binary.LittleEndian.PutUint32(to[begin+20:], checksum(to[begin:begin+20]))
	return binary.LittleEndian.AppendUint32(to, checksum(to[begin:])), values
}

// header reads the beginning of a frame. It reports false for anything that is not one of this store.
func (s salt) header(text []byte) (sequence uint64, length int, ok bool) {
	if len(text) < headerSize || salt(text[:8]) != s || binary.LittleEndian.Uint32(text[20:]) != checksum(text[:20]) {
		return 0, 0, false
	}
	n := binary.LittleEndian.Uint32(text[16:])
	return binary.LittleEndian.Uint64(text[8:]), int(n), n <= maxPayload
}

// whole reports whether a frame, from its header to its end, is as it was written.
func whole(frame []byte) bool {
	end := len(frame) - trailerSize
	return end >= headerSize && binary.LittleEndian.Uint32(frame[end:]) == checksum(frame[:end])
}

// eachOperation reads a payload. at is where the value begins in it. It reports whether the payload was understood.
func eachOperation(payload []byte, visit func(o operation, at int)) bool {
	for at := 0; at < len(payload); {
		o := operation{kind: payload[at]}
		at++
		var keySize, valueSize uint64
		switch o.kind {
		case opSet, opDelete:
			var n int
			if keySize, n = binary.Uvarint(payload[at:]); n <= 0 {
				return false
			}
			at += n
			if o.kind == opSet {
				if valueSize, n = binary.Uvarint(payload[at:]); n <= 0 {
					return false
				}
				at += n
			}
		case opFloor:
			valueSize = 8
		default:
			return false
		}
		left := uint64(len(payload) - at)
		if keySize > left || valueSize > left-keySize {
			return false
		}
		o.key = string(payload[at : at+int(keySize)])
		at += int(keySize)
		o.value = payload[at : at+int(valueSize)]
		visit(o, at)
		at += int(valueSize)
	}
	return true
}
