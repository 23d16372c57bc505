// Package agentjson reads configurations of the CloudWatch agent: JSON of which every value knows its path, and which is
// merged by the agent's own rules.
//
// Reading is what the agent's encoding/json does: UTF-8 without a byte order mark, no comments, no comma before a closing
// bracket; of a key that an object has twice the later one counts. Numbers are compared by what they are: 60 is 60.0.
//
// Files are merged in the order of their names, and one file is merged with nothing. They are checked as a whole, after that:
// a file need not be valid alone.
//
//   - The sections agent, metrics, logs, traces, opentelemetry, profiles and csm are merged key by key. Of other keys of the
//     document the agent takes no notice; the first file's stays, for the report.
//   - So are metrics_collected of metrics; logs_collected and its files, windows_events and journald; metrics_collected of logs
//     and its kubernetes, ecs and prometheus; traces_collected; collect of opentelemetry.
//   - Lists are put together, equal items once, also those of one file: collect_list of what logs_collected has, procstat,
//     usage_metadata.
//   - jmx and otlp are lists, or one of their items: they become a list where files differ.
//   - All else has to be the same in every file that has it: a scalar, a plugin (the agent runs one of each), a list such as
//     aggregation_dimensions. Two values are an error.
//
// What the agent does with journald in two files is not known: they are merged as the other two are, since nothing is lost by
// that.
package agentjson
