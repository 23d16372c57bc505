package inorder

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCallsBeginInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := After(nil)
		second := After(first)
		third := After(second)
		var got []int
		for i, turn := range []*Turn{third, second, first} {
			ctx := With(t.Context(), turn)
			go func() {
				assert.True(t, Of(ctx).Wait(ctx, time.Hour))
				got = append(got, 3-i)
				Of(ctx).Begun()
				Of(ctx).Begun()
			}()
			synctest.Wait()
		}
		synctest.Wait()
		assert.Equal(t, []int{1, 2, 3}, got)
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := After(nil)
		next := After(stuck)
		assert.False(t, next.Wait(t.Context(), time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.False(t, next.Wait(ctx, time.Hour))
	})
	var none *Turn
	assert.True(t, none.Wait(t.Context(), 0))
	none.Begun()
	assert.Nil(t, Of(t.Context()))
}
