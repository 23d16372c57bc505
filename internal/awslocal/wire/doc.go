// Package wire speaks the AWS protocols for cloudwatch-local: it finds out which service and
// operation a request names, decodes its input, and encodes its output or error in the protocol
// that the client chose (AWS JSON 1.0 and 1.1, AWS query, Smithy RPC v2 CBOR, REST JSON).
//
// A service describes its inputs and outputs once, as Go structs with json tags; the same structs
// serve every protocol.
package wire
