// Package logs is the CloudWatch Logs part of cloudwatch-local: log groups, log streams, and the
// events in them, with the limits, the answers and the errors of the real service.
//
// Events are kept in memory in chunks, one for each PutLogEvents call: one string with all messages
// and one array of timestamps and offsets. A stream holds its chunks by the time of their first
// event, and a ledger holds all chunks of the store by arrival, so that the oldest ones go first when
// the store is full. A chunk never changes once it is stored, so readers hold a stream's lock only
// while they look for the next chunk, and writers to different streams do not wait for each other.
//
// Where the real service is known to differ from its documentation the service wins; where neither
// is known, the comment at the place says what was chosen.
package logs
