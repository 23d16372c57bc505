// Package metadata is the part of cloudwatch-local that a machine in AWS finds on its link-local
// addresses: the EC2 instance metadata service (IMDSv2, and IMDSv1 where it is allowed) and the ECS
// endpoints for task metadata (versions 3 and 4) and credentials.
//
// The credentials come from the server's keyring, expire, and are replaced in time, as a client's
// refresh can only be tested with some that do.
package metadata
