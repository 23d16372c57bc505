// Package sts is the Security Token Service of cloudwatch-local. It issues temporary credentials that
// the server's keyring really accepts, and really refuses once they have expired.
//
// There are no policies: a role that is not configured may be assumed by everyone, unless roles are
// strict. The token of AssumeRoleWithWebIdentity must be a JWT that has not expired; its signature is
// not verified, as there is no identity provider to ask for keys.
package sts
