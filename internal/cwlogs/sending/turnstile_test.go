package sending

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTurnstileLetsInByNumber(t *testing.T) {
	t.Parallel()
	s := newTurnstile()
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	for _, n := range []uint64{3, 2, 0, 1} {
		all.Go(func() {
			s.enter(n)
			mu.Lock()
			order = append(order, fmt.Sprint(n))
			mu.Unlock()
			s.leave(n)
		})
		time.Sleep(5 * time.Millisecond)
	}
	all.Wait()
	assert.Equal(t, "0 1 2 3", strings.Join(order, " "))
	s.enter(9) // 4 to 8 never come
	s.leave(9)
	s.enter(10)
	assert.Empty(t, s.waiting)
}
