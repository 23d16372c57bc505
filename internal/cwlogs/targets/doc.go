// Package targets makes log groups and log streams, once each, when something is sent to them.
//
//	Make(group, stream) ─▶ CreateLogStream ─▶ no group? ─▶ CreateLogGroup ─▶ PutRetentionPolicy ─▶ CreateLogStream
//	                                                        one call for all that ask, at the service's rate
//
// It remembers nothing of what exists: a target is made because the service said that it is missing, so what
// somebody deletes comes back. Nothing is described for that, and no permission is needed for it.
//
// Retention, class, tags and key are those of groups that this made. A group that somebody else made keeps
// what it has: where a retention or a class is asked for it is looked at once, and what is different is told, or the
// retention set where ExistingRetention says so.
//
//	Written(group) ─▶ not made here, not looked at before? ─▶ Claim ─▶ DescribeLogGroups ─▶ told | PutRetentionPolicy
package targets
