package statelog

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Files of an open store can be removed on Unix, as by an administrator who wants to begin anew, or by what cleans up.
func TestAStoreThatIsRemovedWhileItIsUsedIsWrittenAgain(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not remove the folder of a file that is open")
	}
	for name, size := range map[string]int{"small": 100, "large": 3 * snapshotLimit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "s")
			now := time.Now()
			var told []error
			recovered := 0
			l, _ := open1(t, Options{Folder: folder, Now: func() time.Time { return now }, Failed: func(err error) { told = append(told, err) }, Recovered: func() { recovered++ }})
			value := strings.Repeat("x", size)
			set(t, l, "before", value)
			set(t, l, "gone", "1")
			l.upkeep()
			require.NoError(t, os.RemoveAll(folder))
			set(t, l, "meanwhile", "2")
			for range 3 {
				l.upkeep()
				now = now.Add(lastRetry)
			}
			require.NoError(t, l.Batch(&Op{Kind: Delete, Key: "gone"}))
			set(t, l, "after", "3")
			require.Len(t, told, 1, "it is told once")
			assert.ErrorContains(t, told[0], "was removed")
			assert.Equal(t, 1, recovered)
			require.NoError(t, l.Close())

			l, report := open1(t, Options{Folder: folder})
			assert.Empty(t, report.Problems)
			assert.Equal(t, 3, report.Keys)
			assert.Equal(t, value, get(t, l, "before"))
			assert.Equal(t, "2", get(t, l, "meanwhile"))
			assert.Equal(t, "3", get(t, l, "after"))
		})
	}
}
