// Package cwlogs delivers events to CloudWatch Logs.
//
//	events ─▶ Policy.Fix (what no request may hold) ─▶ Batches (limits) ─▶ Body (JSON, gzip) ─▶ Sender ─▶ CloudWatch
//	                                                                                               │
//	                                                            Answer, or an error of a Class ◀───┘
//
// Each step stands alone; what is to be sent again, and when, is its caller's to decide.
package cwlogs
