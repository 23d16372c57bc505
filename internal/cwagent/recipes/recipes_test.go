package recipes

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMacsHaveTheirOwnMemory(t *testing.T) {
	t.Parallel()
	mac := Read("darwin")
	all := mac.Choose(map[string]bool{"mem_available": true, "mem_used_percent": true, "mem_inactive": true}, true)
	assert.Equal(t, []string{"system.memory.limit", "system.memory.usage"}, all.Sources)
	assert.True(t, mac.Names()["mem_inactive"])
	assert.False(t, mac.Names()["mem_buffered"])
}

func TestOnlyWhatIsNeededIsChosen(t *testing.T) {
	t.Parallel()
	all := Read("linux").Choose(map[string]bool{"disk_used_percent": true}, true)
	assert.Equal(t, []string{"system.filesystem.utilization"}, all.Sources)
	assert.Len(t, all.Transforms, 2)
	assert.Empty(t, all.Rules)
	assert.Equal(t, []string{`replace_pattern(datapoint.attributes["device"], "^/dev/", "") where IsMatch(metric.name, "^disk_")`}, all.Points)
	assert.Len(t, all.Metrics, 2, "gauge and unit: %v", all.Metrics)
}
