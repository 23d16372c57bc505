// Package faults makes cloudwatch-local fail on demand: throttling, server errors, latency, stalls,
// resets before and after processing, partial rejections, expired credentials and denied access, by
// operation, log group and log stream, by count, by turn or by probability.
package faults
