//go:build unix

package programs

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAProgramRunsAtOnceThoughOthersStart(t *testing.T) {
	folder := t.TempDir()
	var writing sync.WaitGroup
	for n := range 4 {
		writing.Go(func() {
			for i := range 50 {
				path := filepath.Join(folder, fmt.Sprint(n, "-", i))
				assert.NoError(t, Write(path, "#!/bin/sh\n"))
				assert.NoError(t, exec.Command(path).Run())
			}
		})
	}
	writing.Wait()
}
