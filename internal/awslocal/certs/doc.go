// Package certs is the certificate authority of cloudwatch-local. It signs certificates for the names
// under which AWS serves its APIs, public ones and those of interface endpoints, and for loopback, so
// that clients can verify the names that they ask for as they do with AWS.
package certs
