package cwlogs

import "time"

// Limits of PutLogEvents (CloudWatch Logs API Reference, PutLogEvents).
const (
	// MaxBatchBytes bounds a request: the bytes of its messages in UTF-8, and EventOverhead for each.
	MaxBatchBytes = 1_048_576
	// MaxBatchEvents bounds the events of a request.
	MaxBatchEvents = 10_000
	// MaxBatchSpan is how far the first and the last event of a request may be apart.
	MaxBatchSpan = 24 * time.Hour
	// EventOverhead is what each event counts beside its message, in bytes.
	EventOverhead = 26
	// MaxMessageBytes is the largest message, in UTF-8: an event with its overhead has 1 MiB at most
	// (since April 2025; 256 KiB before).
	MaxMessageBytes = MaxBatchBytes - EventOverhead
	// MaxAge and MaxAhead are how old an event may be, and how far its time may be ahead.
	MaxAge   = 14 * 24 * time.Hour
	MaxAhead = 2 * time.Hour
)

// margin is how far inside of MaxAge and MaxAhead a clamped time is put: the service judges by its own
// clock, when the request has arrived.
const margin = 5 * time.Minute
