package cwlogs

// Prefix is how many of events one request may hold, from the first on, and their size as a request counts
// it, in bytes. Full says that the next one, if there is any, would not fit. The events are those that Fix has
// made: none is too large, and they are in the order of time.
func Prefix(events []Fixed) (n, size int, full bool) {
	for i := range events {
		e := &events[i]
		if i > 0 && (size+e.Size() > MaxBatchBytes || i >= MaxBatchEvents || e.Timestamp-events[0].Timestamp > MaxBatchSpan.Milliseconds()) {
			return i, size, true
		}
		size += e.Size()
	}
	return len(events), size, false
}

// Batches calls f for each part of events that one request may hold, in order.
func Batches(events []Fixed, f func([]Fixed)) {
	for len(events) > 0 {
		n, _, _ := Prefix(events)
		f(events[:n])
		events = events[n:]
	}
}
