//go:build !linux

package tail

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// notices are none here: everything is looked at each time.
type notices struct{}

func newNotices([]string, *zap.Logger) *notices { return &notices{} }

func (*notices) changed() (paths []string, complete bool) { return nil, true }
func (*notices) keep([]files.Found)                       {}
func (*notices) close()                                   {}

func (*notices) wait(ctx context.Context, poll time.Duration, _ bool) bool {
	select {
	case <-time.After(poll):
		return true
	case <-ctx.Done():
		return false
	}
}
