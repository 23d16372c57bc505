// Package auth holds the keys that cloudwatch-local knows and verifies the signatures (SigV4) of
// requests with them, refusing what AWS refuses, with AWS's errors.
package auth
