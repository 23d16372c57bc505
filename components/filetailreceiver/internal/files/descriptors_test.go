package files

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDescriptorsAreSharedAndSomeAreLeft(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		limit       int
		wants, want []int
	}{
		{100, []int{1024}, []int{52}},
		{1024, []int{1024}, []int{768}},
		{1 << 19, []int{1024}, []int{1024}},
		{1024, []int{1024, 10, 1024}, []int{379, 10, 379}},
		{1024, []int{100, 200}, []int{100, 200}},
		{20, []int{1024, 2}, []int{minShare, 2}},
		{100, nil, []int{}},
	} {
		assert.Equal(t, one.want, parts(one.limit, one.wants), "%d for %v", one.limit, one.wants)
	}
}
