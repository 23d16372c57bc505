// Package targets makes log groups and log streams, once each, when something is sent to them.
//
//	Make(group, stream) ─▶ CreateLogStream ─▶ no group? ─▶ CreateLogGroup ─▶ PutRetentionPolicy ─▶ CreateLogStream
//	                                                        one call for all that ask, at the service's rate
//
// It remembers nothing of what exists: a target is made because the service said that it is missing, so what
// somebody deletes comes back. It never describes anything, and needs no permission for that.
//
// Retention, class, tags and key are those of groups that this made. A group that somebody else made keeps
// what it has.
package targets
