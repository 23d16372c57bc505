package page

import (
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/logs"
)

type groupView struct {
	Name, Class, Retention, Stored string
	Tags                           bounded[string]
	Streams                        bounded[streamView]
}

type streamView struct {
	Name, Events, Stored string
	Ingested             moment
	Last                 []eventView
}

type eventView struct {
	Time    moment
	Message string
}

// groupViews shows the groups that got events last, and of each the streams that did, by name: what is
// shown keeps its place while it changes.
func groupViews(d Data) bounded[groupView] {
	groups := slices.Clone(d.Logs.Groups)
	newest := func(g logs.GroupStatus) (t time.Time) {
		for _, s := range g.Streams {
			if s.LastIngestion.After(t) {
				t = s.LastIngestion
			}
		}
		return t
	}
	groups = latest(groups, maxGroups, newest, func(g logs.GroupStatus) string { return g.Name })
	return bound(groups, maxGroups, len(d.Logs.Groups), func(g logs.GroupStatus) groupView { return newGroupView(g, d.Now) })
}

func newGroupView(g logs.GroupStatus, now time.Time) groupView {
	shown := groupView{Name: g.Name, Class: g.Class, Retention: "never expires", Stored: bytesText(g.StoredBytes)}
	if g.RetentionDays > 0 {
		shown.Retention = "kept " + plural(g.RetentionDays, "day", "days")
	}
	tags := make([]string, 0, len(g.Tags))
	for key, value := range g.Tags {
		tags = append(tags, key+"="+value)
	}
	slices.Sort(tags)
	shown.Tags = bound(tags, maxTags, len(tags), clip)
	streams := latest(g.Streams, maxStreams,
		func(s logs.StreamStatus) time.Time { return s.LastIngestion }, func(s logs.StreamStatus) string { return s.Name })
	shown.Streams = bound(streams, maxStreams, len(g.Streams), func(s logs.StreamStatus) streamView {
		out := streamView{Name: clip(s.Name), Events: plural(s.Events, "event", "events"), Stored: bytesText(s.StoredBytes), Ingested: newMoment(s.LastIngestion, now)}
		for _, e := range s.Last[max(0, len(s.Last)-maxEvents):] {
			out.Last = append(out.Last, eventView{newMoment(e.Time, now), clip(e.Message)})
		}
		return out
	})
	return shown
}

// latest returns the elements with the latest times, as many as limit, by name.
func latest[T any](list []T, limit int, at func(T) time.Time, name func(T) string) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b T) int { return at(b).Compare(at(a)) })
	list = list[:min(limit, len(list))]
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(name(a), name(b)) })
	return list
}
