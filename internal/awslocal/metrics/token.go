package metrics

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strings"
)

// A NextToken of GetMetricData is the number of points that were returned, and a hash of the
// request that it continues.

func makeToken(in *dataInput, offset int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %x", offset, hash(in)))
}

func readToken(token string, in *dataInput) (offset int, err error) {
	if token == "" {
		return 0, nil
	}
	invalid := invalidNextToken.errorf("The value %s for parameter NextToken is invalid.", token)
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, invalid
	}
	var sum uint64
	n, err := fmt.Fscanf(strings.NewReader(string(text)), "%d %x", &offset, &sum)
	if err != nil || n != 2 || offset < 1 || offset > maxTokenOffset || sum != hash(in) {
		return 0, invalid
	}
	return offset, nil
}

// maxTokenOffset is beyond all points that can be stored; it keeps sums from overflowing.
const maxTokenOffset = 1 << 40

func hash(in *dataInput) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(sumOf(in))) // never fails
	return h.Sum64()
}
