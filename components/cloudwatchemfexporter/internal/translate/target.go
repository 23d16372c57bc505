package translate

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// namespaced finds the namespace of a resource's metrics.
func (w *walk) namespaced(attributes pcommon.Map) {
	namespace := w.t.o.Namespace
	if namespace == "" {
		text := func(key string) string {
			if v, ok := attributes.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
				return v.Str()
			}
			return ""
		}
		service, group := text("service.name"), text("service.namespace")
		switch {
		case service != "" && group != "":
			namespace = group + "/" + service
		default:
			namespace = cmp.Or(service, group, "default")
		}
		namespace, _ = shorten(namespace, MaxNameLength)
	}
	at := slices.Index(w.namespaces, namespace)
	if at < 0 {
		at = len(w.namespaces)
		w.namespaces = append(w.namespaces, namespace)
	}
	w.namespace = int32(at)
}

func (w *walk) depends() names.Depends {
	on := w.t.o.Stream.Depends()
	if w.t.o.Group != nil {
		on |= w.t.o.Group.Depends()
	}
	return on
}

// targeted finds the log stream, unless it depends on the data point.
func (w *walk) targeted() {
	if on := w.depends(); on&perPoint != 0 || on&names.OnScope != 0 && w.scope == "" {
		w.whole = false
		return
	}
	var group, stream bool
	w.to.Group, group = w.named(w.t.o.Group, &w.source)
	w.to.Stream, stream = w.named(w.t.o.Stream, &w.source)
	if w.whole = group && stream; w.whole {
		w.target = w.targetOf(w.to)
	}
}

func (w *walk) named(namer *names.Namer, s *names.Source) (string, bool) {
	if namer == nil {
		return names.Clean(names.Group, "/metrics/"+w.namespaces[w.namespace]), true
	}
	return namer.Name(s)
}

// targetOfPoint is the log stream of a data point: a placeholder that the resource has no value for gets a label's.
func (w *walk) targetOfPoint(attributes pcommon.Map) int32 {
	if w.whole {
		return w.target
	}
	to := w.to
	w.source.Record, w.source.Time = attributes, w.ms
	for _, n := range []struct {
		namer *names.Namer
		to    *string
	}{{w.t.o.Group, &to.Group}, {w.t.o.Stream, &to.Stream}} {
		name, whole := w.named(n.namer, &w.source)
		if !whole {
			s := w.source
			s.Resource = pcommon.NewMap()
			attributes.CopyTo(s.Resource)
			for k, v := range w.source.Resource.All() {
				v.CopyTo(s.Resource.PutEmpty(k))
			}
			name, _ = w.named(n.namer, &s)
		}
		*n.to = name
	}
	return w.targetOf(to)
}

func (w *walk) targetOf(to cwlogs.Target) int32 {
	at, ok := w.byTarget[to]
	if !ok {
		at = int32(len(w.targets))
		w.targets = append(w.targets, to)
		w.byTarget[to] = at
	}
	return at
}
