package schedule

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEachFolderHasItsTurn(t *testing.T) {
	t.Parallel()
	var q queue
	known := func(path string) *File { return &File{Path: path, Delivery: Delivery{Proven: true}} }
	for i := range 100 {
		q.put(&File{Path: fmt.Sprintf("/flood/%d", i)})
	}
	q.put(&File{Path: "/quiet/a"})
	q.put(known("/known/a"))
	q.put(known("/known/b"))
	var order []string
	for {
		f, isNew := q.take(true)
		if f == nil {
			break
		}
		assert.Equal(t, filepath.Dir(f.Path) != "/known", isNew)
		order = append(order, f.Path)
	}
	assert.Len(t, order, 103)
	assert.Equal(t, []string{"/known/a", "/known/b", "/flood/0", "/quiet/a", "/flood/1"}, order[:5])
	for range 6 {
		q.put(known("/known/a"))
	}
	q.put(&File{Path: "/new/a"})
	for i := range 7 {
		_, isNew := q.take(true)
		assert.Equal(t, i == knownInTurn, isNew, "who is always there does not shut out new ones")
	}
	q.put(&File{Path: "/new/a"})
	f, _ := q.take(false)
	assert.Nil(t, f, "there is no room")
}
