// Package connect is an HTTP proxy that understands CONNECT alone, and opens tunnels to AWS names alone.
// Components and programs that can be given a proxy address, but no dialer, take the route table's ways
// through it. It sees TLS records, never what is in them.
package connect
