// Package translate makes documents in the Embedded Metric Format of metrics.
//
//	pmetric ─▶ walk: labels, units, differences ─▶ groups: same namespace, time, labels ─▶ documents
//	                          ▲ delta                        ▲ declarations, roll-ups, series
//
// Data points that differ in their names alone share a document, whatever their types are, and those that differ in
// nothing share an array of values.
package translate
