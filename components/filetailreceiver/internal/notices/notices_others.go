//go:build !linux

package notices

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// Notices are none here: everything is looked at each time.
type Notices struct{}

// New are no notices.
func New([]string, *zap.Logger) *Notices { return &Notices{} }

func (*Notices) Changed() (paths []string, complete bool) { return nil, true }
func (*Notices) Keep([]files.Found)                       {}
func (*Notices) Close()                                   {}

func (*Notices) Wait(ctx context.Context, poll time.Duration, _ bool) bool {
	select {
	case <-time.After(poll):
		return true
	case <-ctx.Done():
		return false
	}
}
