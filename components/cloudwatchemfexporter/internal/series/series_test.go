package series

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBudget(t *testing.T) {
	b, now := New(2), time.Unix(1_800_000_000, 0)
	b.Begin(now)
	assert.Equal(t, Within, b.See(1, 10))
	assert.Equal(t, Within, b.See(1, 11))
	assert.Equal(t, Within, b.See(1, 10), "known already")
	assert.Equal(t, Exceeds, b.See(1, 12), "the first that is too much")
	assert.Equal(t, Excess, b.See(1, 13))
	assert.Equal(t, Excess, b.See(1, 12), "it was not taken in")
	assert.Equal(t, Within, b.See(2, 12), "another metric has a budget of its own")
	assert.Equal(t, 3, b.Series())

	b.Begin(now.Add(Window - time.Second))
	assert.Equal(t, Excess, b.See(1, 14))
	b.Begin(now.Add(Window))
	assert.Equal(t, 0, b.Series())
	assert.Equal(t, Within, b.See(1, 14))

	none := New(0)
	none.Begin(now)
	for i := range uint64(100) {
		assert.Equal(t, Within, none.See(1, i))
	}
	assert.Equal(t, 0, none.Series(), "nothing is remembered where nothing is bounded")
}

func TestBudgetIsBoundedInNames(t *testing.T) {
	b := New(1)
	b.Begin(time.Unix(1_800_000_000, 0))
	for i := range uint64(maxMetrics + 10) {
		b.See(i, 1)
	}
	assert.Equal(t, maxMetrics, b.Series())
	assert.Equal(t, Within, b.See(maxMetrics+1, 2))
}
