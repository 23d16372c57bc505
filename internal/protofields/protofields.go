// Package protofields reads protobuf messages for which there is no generated code.
package protofields

import "google.golang.org/protobuf/encoding/protowire"

// Each calls do for each field of a protobuf message that is a number (of 64 bits, or a varint) or a text, and passes over others.
func Each(message []byte, do func(number protowire.Number, value uint64, text []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var text []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			text, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := do(number, value, text); err != nil {
			return err
		}
	}
	return nil
}
