// Package awslocal is the engine of cloudwatch-local: the AWS APIs that otelcol-cloudwatch talks to,
// on loopback, for trying the product without an account and for testing it.
//
// It is strict. Signatures are verified, AWS's documented limits and quotas are enforced, and errors
// carry AWS's codes, so that what works here has a good chance to work there. It can also be told to
// fail, through package faults.
//
// The way of a request:
//
//	Server.ServeHTTP → wire.Identify → auth.Keyring.Verify → quota → faults.Set.Pick → service → wire.Encode
//
// In a test, Serve gives an instance of its own that ends with the test.
package awslocal
