package extensionstatus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
)

type reporter struct {
	component.Host
	got *componentstatus.Event
}

func (r *reporter) Report(e *componentstatus.Event) { r.got = e }

type host struct {
	component.Host
	from *componentstatus.InstanceID
	got  *componentstatus.Event
}

func (h *host) NotifyComponentStatusChange(from *componentstatus.InstanceID, e *componentstatus.Event) {
	h.from, h.got = from, e
}

func TestStatusReachesEveryKindOfHost(t *testing.T) {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	id := component.MustNewIDWithName("config_status", "x")
	r := &reporter{}
	Report(r, id, event)
	assert.Same(t, event, r.got)
	h := &host{}
	Report(h, id, event)
	assert.Same(t, event, h.got)
	assert.Equal(t, id, h.from.ComponentID())
	assert.Equal(t, component.KindExtension, h.from.Kind())
	Report(componenttest.NewNopHost(), id, event)
}
