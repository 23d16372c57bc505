package translate

const (
	// chunk is how much memory for messages is taken at once, in bytes.
	chunk = 256 << 10
	// least is how much of a chunk is left for a message at least. One that is longer moves, which costs its
	// copy and no more.
	least = 4 << 10
	// maxChunks is how many chunks are kept for later batches.
	maxChunks = 16
)

// arena holds messages of a batch, so that each is no allocation of its own.
type arena struct {
	free, used [][]byte
	now        []byte
}

// append adds a message.
func (a *arena) append(write func(dst []byte) []byte) []byte {
	if cap(a.now)-len(a.now) < least {
		a.next()
	}
	from := len(a.now)
	grown := write(a.now)
	message := grown[from:len(grown):len(grown)]
	if cap(grown) != cap(a.now) { // it has moved, with what is before it, of which nobody knows there
		message = append([]byte(nil), message...)
		return message
	}
	a.now = grown
	return message
}

func (a *arena) next() {
	if a.now != nil {
		a.used = append(a.used, a.now)
	}
	if n := len(a.free); n > 0 {
		a.now, a.free[n-1] = a.free[n-1], nil
		a.free = a.free[:n-1]
		return
	}
	a.now = make([]byte, 0, chunk)
}

// reset keeps the memory and forgets the messages.
func (a *arena) reset() {
	for i, c := range a.used {
		if len(a.free) < maxChunks {
			a.free = append(a.free, c[:0])
		}
		a.used[i] = nil
	}
	a.used, a.now = a.used[:0], a.now[:0]
}
