package awsclock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOffsetIsThatOfTheLastAnswerAndNotItsJitter(t *testing.T) {
	t.Cleanup(func() { offset.Store(0) })
	assert.False(t, Learn(2*time.Second))
	assert.Zero(t, Offset())
	assert.True(t, Learn(-24*time.Hour))
	assert.False(t, Learn(-24*time.Hour+5*time.Second))
	assert.Equal(t, -24*time.Hour, Offset())
	end := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	assert.Equal(t, end.Add(24*time.Hour), Local(end), "a clock that is a day ahead says so a day later")
	assert.True(t, Learn(time.Second), "the clock was set right")
	assert.Zero(t, Offset())
}
