package message

import (
	"encoding/base64"
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// appendFloat appends a number as encoding/json has it, and what JSON has no number for as the string that
// protobuf's JSON has.
func appendFloat(dst []byte, f float64, s style) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	// As ECMAScript writes numbers, which encoding/json does, too.
	if abs := math.Abs(f); abs == 0 || abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); s != protobuf && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // e-09 is e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendBase64 appends bytes, which pdata gives one at a time where it is not to copy them all.
func appendBase64(dst []byte, b pcommon.ByteSlice) []byte {
	var some [3 * 64]byte // a multiple of 3, so that only the last part is padded
	for from := 0; from < b.Len(); from += len(some) {
		n := min(len(some), b.Len()-from)
		for i := range n {
			some[i] = b.At(from + i)
		}
		dst = base64.StdEncoding.AppendEncode(dst, some[:n])
	}
	return dst
}
