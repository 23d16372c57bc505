package cwlogs

// Batches calls f for each part of events that one request may hold, in order. The events are those that
// Fix has made: none is too large, and they are in the order of time.
func Batches(events []Fixed, f func([]Fixed)) {
	from, size := 0, 0
	for i, e := range events {
		if i > from && (size+e.Size() > MaxBatchBytes || i-from >= MaxBatchEvents || e.Timestamp-events[from].Timestamp > MaxBatchSpan.Milliseconds()) {
			f(events[from:i])
			from, size = i, 0
		}
		size += e.Size()
	}
	if from < len(events) {
		f(events[from:])
	}
}
