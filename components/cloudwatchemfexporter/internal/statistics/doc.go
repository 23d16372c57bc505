// Package statistics makes CloudWatch's statistics, and values with their counts, of histograms.
package statistics
