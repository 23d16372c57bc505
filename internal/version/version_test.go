package version

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestVersionIsWrittenForPeopleAndForUserAgents(t *testing.T) {
	built := time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 3600))
	tests := []struct {
		name         string
		info         Info
		text, agents string
	}{
		{"released", Info{"1.2.3", "0123456789abcdef", built}, "1.2.3 (commit 0123456789ab, built 2026-11-22T09:00:00Z)", "1.2.3+0123456789ab.20261122"},
		{"no repository", Info{Number: "1.2.3"}, "1.2.3", "1.2.3"},
		{"no date", Info{Number: "1.2.3", Commit: "abc"}, "1.2.3 (commit abc)", "1.2.3+abc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.text, test.info.String())
			assert.Equal(t, test.agents, test.info.Full())
		})
	}
}

func TestBuildWithoutLinkerFlagsIsADevelopmentBuild(t *testing.T) {
	assert.Equal(t, development, Current().Number)
}
