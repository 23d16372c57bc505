//go:build !linux

package files

import (
	"os"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// writing are the files that this process writes its log to, as far as they are its standard output and error.
func writing() map[ID]bool {
	own := map[ID]bool{}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if id, ok := safepath.IDOf(f); ok {
			own[id] = false
		}
	}
	return own
}
