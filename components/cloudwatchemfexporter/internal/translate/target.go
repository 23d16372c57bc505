package translate

import (
	"cmp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// namespaced finds the namespace of a resource's metrics.
func (w *walk) namespaced(attributes pcommon.Map) {
	namespace := w.t.o.Namespace
	if namespace == "" {
		namespace = namespaceOf(attributes, false)
	}
	at := slices.Index(w.namespaces, namespace)
	if at < 0 {
		at = len(w.namespaces)
		w.namespaces = append(w.namespaces, namespace)
	}
	w.namespace = int32(at)
}

// namespaceOf is the namespace that a resource names: inGroup is as it is part of a group's name.
func namespaceOf(attributes pcommon.Map, inGroup bool) string {
	text := func(key string) string {
		v, ok := attributes.Get(key)
		if !ok || v.Type() != pcommon.ValueTypeStr {
			return ""
		}
		if inGroup {
			return strings.ReplaceAll(v.Str(), "/", "_")
		}
		return v.Str()
	}
	namespace := ""
	switch service, group := text("service.name"), text("service.namespace"); {
	case service != "" && group != "":
		namespace = group + "/" + service
	default:
		namespace = cmp.Or(service, group, "default")
	}
	if strings.HasPrefix(namespace, ":") || strings.HasPrefix(namespace, "AWS/") {
		namespace = "_" + namespace // CloudWatch takes neither
	}
	namespace, _ = shorten(namespace, MaxNameLength)
	return namespace
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
		w.target = w.targetOf(w.to, w.to)
	}
}

// DefaultGroup begins the name of the group where none is configured. The namespace follows.
const DefaultGroup = "/metrics/"

// Reduce tells what the name of the group depends on, and makes targets that are one for all values of a kind.
func (o *Options) Reduce() (group names.Depends, reduce func(*names.Source, names.Depends) cwlogs.Target) {
	switch {
	case o.Group != nil:
		group = o.Group.Depends()
	case o.Namespace == "":
		group = names.OnResource
	}
	return group, func(s *names.Source, of names.Depends) cwlogs.Target {
		to := cwlogs.Target{Stream: o.Stream.Reduced(s, of)}
		switch {
		case o.Group != nil:
			to.Group = o.Group.Reduced(s, of)
		case group&of != 0:
			to.Group = DefaultGroup + names.Overflow
		default:
			to.Group = o.defaultGroup(s.Resource)
		}
		return to
	}
}

func (o *Options) defaultGroup(resource pcommon.Map) string {
	namespace := o.Namespace
	if namespace == "" {
		namespace = namespaceOf(resource, true)
	}
	return names.Clean(names.Group, DefaultGroup+namespace)
}

func (w *walk) named(namer *names.Namer, s *names.Source) (string, bool) {
	if namer == nil {
		return w.t.o.defaultGroup(w.source.Resource), true
	}
	return namer.Name(s)
}

// targetOfPoint is the log stream of a data point: a placeholder that the resource has no value for gets a label's.
func (w *walk) targetOfPoint(attributes pcommon.Map) int32 {
	if w.whole {
		return w.target
	}
	own := w.to
	w.source.Record, w.source.Time = attributes, w.ms
	chosen := own
	for _, n := range []struct {
		namer       *names.Namer
		own, chosen *string
	}{{w.t.o.Group, &own.Group, &chosen.Group}, {w.t.o.Stream, &own.Stream, &chosen.Stream}} {
		name, whole := w.named(n.namer, &w.source)
		*n.own, *n.chosen = name, name
		if !whole {
			s := w.source
			s.Resource = pcommon.NewMap()
			attributes.CopyTo(s.Resource)
			for k, v := range w.source.Resource.All() {
				v.CopyTo(s.Resource.PutEmpty(k))
			}
			*n.chosen, _ = w.named(n.namer, &s)
		}
	}
	return w.targetOf(own, chosen)
}

// targetOf is the index of where documents go for which the template gives own, and the labels of their data point chosen.
func (w *walk) targetOf(own, chosen cwlogs.Target) int32 {
	at, ok := w.byTarget[asked{own, chosen}]
	if !ok {
		at = int32(len(w.targets))
		w.targets = append(w.targets, w.admit(own, chosen))
		w.byTarget[asked{own, chosen}] = at
	}
	return at
}

// asked is where documents ask to go.
type asked struct{ own, chosen cwlogs.Target }

// destination is where they go, and why not where they ask.
type destination struct {
	Destination
	reason admission.Reason
	asked  cwlogs.Target
}

func (w *walk) admit(own, chosen cwlogs.Target) destination {
	d := destination{Destination: Destination{Target: own}, asked: chosen}
	a := w.t.o.Admission
	if a == nil {
		d.Target = chosen
		return d
	}
	source := func() uint64 { return w.resourceHash }
	d.Target, d.reason = a.Template(own, &w.source, source)
	if fallback := a.Fallback(d.Target, &w.source); fallback != nil {
		d.Fallback = *fallback
	}
	if chosen == own {
		return d
	}
	if d.reason = a.Chosen(chosen, source); d.reason == "" {
		d.Target, d.Fallback = chosen, d.Target
	}
	return d
}

// destination is where a document goes, which is counted.
func (w *walk) destination(at int32) Destination {
	d := &w.targets[at]
	if d.reason != "" {
		if w.batch.Elsewhere == nil {
			w.batch.Elsewhere = map[admission.Reason]Elsewhere{}
		}
		w.batch.Elsewhere[d.reason] = Elsewhere{w.batch.Elsewhere[d.reason].Documents + 1, d.asked}
	}
	return d.Destination
}
