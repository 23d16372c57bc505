// Package routes has a laboratory in which network paths are real: an on-premises machine, AWS, an HTTP
// proxy and a DNS server, each in a Linux network namespace of its own, with a link for each way that
// traffic can take between them.
//
//	                    ┌─ private ──── 10.0.1.2 ─ 10.0.1.1 ────────────────────┐ interface endpoints
//	                    ├─ dxpublic ─── 192.0.2.2 ─ 192.0.2.1 ──────────────────┤ public addresses
//	host (the machine) ─┼─ internet ─── 192.168.1.2 ─ 192.168.1.1 (default) ────┤ aws
//	                    ├─ proxy ────── 172.16.1.2 ─ 172.16.1.1 proxy ─ uplink ─┘
//	                    └─ mgmt ─────── 10.255.0.2 ─ 10.255.0.1 dns
//
// Each link counts its packets, can be cut (what is sent vanishes) and can refuse connections. An idle
// link counts no packet at all, so that "not one packet went that way" can be asserted. In aws one
// cloudwatch-local answers on every address, with certificates for AWS's names.
//
// The tests need root, iproute2 and a kernel with veth; elsewhere they are skipped, unless
// OTELCOL_CLOUDWATCH_REQUIRE_NETNS=1 says that they must run. The binary of the collector comes from the
// folder that OTELCOL_CLOUDWATCH_BIN names, as `make test` sets it; without it the binaries are built
// when a test asks for one.
package routes
