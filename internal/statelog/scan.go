package statelog

import (
	"bytes"
	"errors"
	"io"
)

// windowSize is how much of a file is searched at once for the next frame.
const windowSize = 256 << 10

// span is a part of a file that holds no whole frame.
type span struct{ from, to int64 }

// scan reads the frames of a file of the given size. What is no frame is skipped up to the next one. An error of reading
// counts as damage of the part that cannot be read.
func scan(file io.ReaderAt, size int64, s salt, visit func(sequence uint64, payload []byte, at int64)) (damage []span) {
	r := reader{file: file, size: size}
	for at := int64(0); at < size; {
		if sequence, length, ok := s.header(r.at(at, headerSize)); ok {
			end := at + int64(headerSize+length+trailerSize)
			if end <= size {
				if frame := r.at(at, int(end-at)); whole(frame) {
					visit(sequence, frame[headerSize:len(frame)-trailerSize], at+headerSize)
					at = end
					continue
				}
			}
		}
		next := r.find(s[:], at+1)
		if n := len(damage); n > 0 && damage[n-1].to == at {
			damage[n-1].to = next
		} else {
			damage = append(damage, span{at, next})
		}
		at = next
	}
	return damage
}

// reader reads a file by windows.
type reader struct {
	file   io.ReaderAt
	size   int64
	window []byte
	begin  int64 // of the window
}

// at gives n bytes, or fewer where the file ends or cannot be read. They are valid until the next call.
func (r *reader) at(offset int64, n int) []byte {
	n = int(min(int64(n), r.size-offset))
	if offset < r.begin || offset+int64(n) > r.begin+int64(len(r.window)) {
		r.read(offset, max(n, windowSize))
	}
	from := offset - r.begin
	return r.window[from:min(from+int64(n), int64(len(r.window)))]
}

func (r *reader) read(offset int64, n int) {
	n = int(min(int64(n), r.size-offset))
	if cap(r.window) < n || cap(r.window) > 4*max(n, windowSize) { // one large frame is no reason to keep its room
		r.window = make([]byte, n)
	}
	r.window, r.begin = r.window[:n], offset
	got, err := r.file.ReadAt(r.window, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		clear(r.window[got:]) // what is on a bad sector is no frame
		return
	}
	r.window = r.window[:got]
}

// find gives where a text begins at or after an offset, or the end of the file.
func (r *reader) find(text []byte, offset int64) int64 {
	for offset < r.size {
		if offset < r.begin || offset+int64(len(text)) > r.begin+int64(len(r.window)) {
			r.read(offset, windowSize)
		}
		if i := bytes.Index(r.window[offset-r.begin:], text); i >= 0 {
			return offset + int64(i)
		}
		end := r.begin + int64(len(r.window))
		next := end - int64(len(text)) + 1
		if end >= r.size || next <= offset { // the file ends, or became shorter
			break
		}
		offset = next
	}
	return r.size
}
