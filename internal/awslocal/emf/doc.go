// Package emf reads log events in CloudWatch's Embedded Metric Format: JSON objects that say, in
// their _aws member, which of their other members are metrics and which are dimensions.
//
// What the format's schema forbids (a directive without a namespace, more than 100 metrics, a
// dimension set of 31 names) fails the whole document, as it does at AWS. What depends on one value
// (a metric that is text, a dimension that is missing, an unknown unit) fails that metric alone and
// is listed with a reason.
package emf
