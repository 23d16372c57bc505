// Package awsroute decides which way every AWS call of the process takes. A Table holds routes in the
// operator's order: interface endpoints, private DNS, public endpoints, HTTP proxies. Callers go on
// using AWS's public names; the table chooses the address when a connection is made. TLS is the
// caller's, end to end, and so are the Host header and the signature.
//
// What a policy forbids is refused at the last moment, on the address that the kernel is about to be
// given, so that no answer of a DNS server can change the path.
package awsroute
