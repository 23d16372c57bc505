// Package extensionstatus makes the status of an extension seen. The collector (v0.156.0) gives extensions
// a host that takes no reports, unlike that of other components, and sets their status itself: to OK
// after their start, whatever they have said before.
package extensionstatus

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// notifier is what the collector's host has for its own reports: it tells every extension that watches
// status, such as health checks.
type notifier interface {
	NotifyComponentStatusChange(*componentstatus.InstanceID, *componentstatus.Event)
}

// Report tells those who watch of an extension's status. What is said before the extension's Ready is
// followed by the collector's own OK: say it there again.
func Report(host component.Host, id component.ID, event *componentstatus.Event) {
	switch h := host.(type) {
	case componentstatus.Reporter:
		h.Report(event)
	case notifier:
		h.NotifyComponentStatusChange(componentstatus.NewInstanceID(id, component.KindExtension), event)
	}
}
