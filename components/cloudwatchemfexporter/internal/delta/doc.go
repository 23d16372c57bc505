// Package delta makes what was added since the last data point of a series from totals: of monotonic sums,
// histograms, exponential histograms, and the sums and counts of summaries.
//
// Each series has its last two totals, so that a data point that is given again, because its batch was not
// accepted the first time, gives the same answer. What was not seen for the age that is kept is forgotten.
package delta
