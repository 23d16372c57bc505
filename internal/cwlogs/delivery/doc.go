// Package delivery brings events to their log streams: each once, in order, and no stream behind another.
//
//	Deliver ─▶ pieces ─▶ lanes (one for each stream) ─▶ limiter (how many at once) ─▶ cwlogs.Sender ─▶ CloudWatch
//	   ▲                   ▲                                                            │
//	   └── all settled ◀───┴── answered │ again, later │ in two halves │ make the target ◀┘
//
// # Order
//
// CloudWatch shows a stream's events by their time, and those of one millisecond as they arrived. Requests of
// one lane are therefore on their way together only where their times do not meet. What has no time of its
// own (Event.Assigned) is moved up by some milliseconds, so that a stream need not wait for each answer.
//
// # Fill
//
// A lane sends a request that is not full only when it has no other on its way. So an idle stream is served at
// once, and a busy one in full requests, whatever the pieces are in which its events come.
//
// # What is sent again
//
// A request that failed is sent again by its class, with the pauses of Backoff; a target that is missing is
// made; a request that is refused for its contents is halved until what is wrong stands alone. Only a request
// that was written whole and had no answer can repeat events.
package delivery
