package doctor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

func TestRunningCollectorThatLacksListenersIsAWarning(t *testing.T) {
	said := func(s reload.Status) Check {
		all := runningChecks(Options{Running: func() (reload.Status, bool, error) { return s, true, nil }})
		require.Len(t, all, 1)
		return all[0]
	}
	left := []reload.LeftOut{{Component: "extensions::healthcheckv2::http", Address: "127.0.0.1:13133", Reason: "address already in use, uid 2000 has it"}}
	c := said(reload.Status{LeftOut: left})
	assert.Equal(t, Warning, c.Status)
	assert.Contains(t, c.Remedy, "stop what has the address")
	assert.Contains(t, c.Facts, Fact{"left out", "extensions::healthcheckv2::http at 127.0.0.1:13133: address already in use, uid 2000 has it"})
	c = said(reload.Status{LeftOut: left, Refused: &reload.Refusal{Outcome: reload.Failed, Reason: "it panics", RetryAt: time.Now().Add(time.Hour)}})
	assert.Equal(t, Problem, c.Status, "what is worse comes first")
	assert.Equal(t, OK, said(reload.Status{}).Status)
}
