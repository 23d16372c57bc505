package translate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

func namer(t testing.TB, kind names.Kind, text string) *names.Namer {
	t.Helper()
	template, err := names.Parse(kind, "key", text, nil)
	require.NoError(t, err)
	return template.Bind(names.Host{})
}

func translator(t testing.TB, format message.Format, group, stream string) *Translator {
	t.Helper()
	return bounded(t, format, group, stream, admission.DefaultLimits(), admission.RedirectConfig{})
}

func bounded(t testing.TB, format message.Format, group, stream string, limits admission.Limits, redirect admission.RedirectConfig) *Translator {
	t.Helper()
	g, s := namer(t, names.Group, group), namer(t, names.Stream, stream)
	r, err := redirect.Parse()
	require.NoError(t, err)
	return New(Options{Group: g, Stream: s, Format: format, Redirect: r, Entity: true, Admission: admission.New(admission.Options{
		GroupDepends: g.Depends(), StreamDepends: s.Depends(), Limits: limits,
		Reduce: func(src *names.Source, of names.Depends) cwlogs.Target {
			return cwlogs.Target{Group: g.Reduced(src, of), Stream: s.Reduced(src, of)}
		},
	})})
}

// logs has one resource for each service, and records of the time with the bodies.
func logs(bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for _, b := range bodies {
		r := sl.LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(5 * time.Second))
		r.Body().SetStr(b)
	}
	return ld
}

func texts(p delivery.Part) []string {
	var all []string
	for _, e := range p.Events {
		all = append(all, string(e.Message))
	}
	return all
}

func TestRecordsGoWhereTheirNamesSay(t *testing.T) {
	t.Parallel()
	for template, want := range map[string][]string{
		"fixed":                    {"fixed: 0 1 2 3 4 5 6 7"},
		"{resource:service.name}":  {"a: 0 1 2 3", "b: 4 5 6 7"},
		"{scope:name}":             {"s0: 0 1 4 5", "s1: 2 3 6 7"},
		"{record:n}":               {"0: 0 2 4 6", "1: 1 3 5 7"},
		"{record:absent}":          {"undefined: 0 1 2 3 4 5 6 7"},
		`{date:%Y}-{record:n}`:     {"1970-0: 0 2 4 6", "1970-1: 1 3 5 7"},
		"{resource:service.name}x": {"ax: 0 1 2 3", "bx: 4 5 6 7"},
	} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			ld := plog.NewLogs()
			n := 0
			for _, service := range []string{"a", "b"} {
				rl := ld.ResourceLogs().AppendEmpty()
				rl.Resource().Attributes().PutStr("service.name", service)
				for scope := range 2 {
					sl := rl.ScopeLogs().AppendEmpty()
					sl.Scope().SetName(fmt.Sprint("s", scope))
					for i := range 2 {
						r := sl.LogRecords().AppendEmpty()
						r.Attributes().PutInt("n", int64(i))
						r.Body().SetStr(fmt.Sprint(n))
						r.SetTimestamp(pcommon.Timestamp(time.Second))
						n++
					}
				}
			}
			b := translator(t, message.Raw, "/g", template).Translate(ld)
			defer b.Release()
			var got []string
			for _, p := range b.Parts {
				assert.Equal(t, "/g", p.Target.Group)
				got = append(got, p.Target.Stream+": "+strings.Join(texts(p), " "))
			}
			assert.Equal(t, want, got)
			assert.Equal(t, map[bool]int{true: 8}[strings.Contains(template, "absent")], b.Undefined)
		})
	}
}

func TestTimeIsTheRecordsOwnOrAssigned(t *testing.T) {
	t.Parallel()
	ld := logs("own", "observed", "none", "far")
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.At(0).SetObservedTimestamp(pcommon.Timestamp(9 * time.Second))
	records.At(1).SetTimestamp(0)
	records.At(1).SetObservedTimestamp(pcommon.Timestamp(9 * time.Second))
	records.At(2).SetTimestamp(0)
	records.At(3).SetTimestamp(1<<64 - 1)
	b := translator(t, message.Raw, "g", "s").Translate(ld)
	defer b.Release()
	events := b.Parts[0].Events
	assert.Equal(t, cwlogs.Event{Timestamp: 5000, Message: []byte("own")}, events[0])
	assert.Equal(t, cwlogs.Event{Timestamp: 9000, Message: []byte("observed"), Assigned: true}, events[1])
	assert.WithinDuration(t, time.Now(), time.UnixMilli(events[2].Timestamp), time.Minute)
	assert.True(t, events[2].Assigned)
	assert.Equal(t, int64((1<<64-1)/1_000_000), events[3].Timestamp)
}

// TestNothingIsLostOrMixed translates random logs again and again with the same memory, in several
// goroutines, and asks for remainders.
func TestNothingIsLostOrMixed(t *testing.T) {
	t.Parallel()
	for _, format := range []message.Format{message.Raw, message.JSON, message.OTLPJSON} {
		tr := translator(t, format, "/{resource:service.name}", "{record:stream}")
		var all sync.WaitGroup
		for seed := range uint64(4) {
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, 1))
				for range 30 {
					ld := random(r)
					b := tr.Translate(ld)
					count := 0
					everything := []delivery.Remainder{}
					for i, p := range b.Parts {
						rest := delivery.Remainder{Part: i}
						for n, e := range p.Events {
							count++
							rest.Events = append(rest.Events, n)
							assert.Contains(t, string(e.Message), "@"+p.Target.Group[1:]+"@"+p.Target.Stream+"@")
						}
						everything = append(everything, rest)
					}
					assert.Equal(t, ld.LogRecordCount(), count)
					assert.Equal(t, ld, b.Remainder(ld, everything))
					if len(b.Parts) > 0 {
						one := b.Remainder(ld, []delivery.Remainder{{Part: len(b.Parts) - 1, Events: []int{0}}})
						assert.Equal(t, 1, one.LogRecordCount())
						again := tr.Translate(one)
						assert.Equal(t, b.Parts[len(b.Parts)-1].Events[0], again.Parts[0].Events[0])
						assert.Equal(t, b.Parts[len(b.Parts)-1].Target, again.Parts[0].Target)
						again.Release()
					}
					b.Release()
				}
			})
		}
		all.Wait()
	}
}

func random(r *rand.Rand) plog.Logs {
	ld := plog.NewLogs()
	for range r.IntN(5) {
		rl := ld.ResourceLogs().AppendEmpty()
		service := fmt.Sprint("service", r.IntN(3))
		rl.Resource().Attributes().PutStr("service.name", service)
		if r.IntN(2) == 0 {
			rl.Resource().Attributes().PutStr("deployment.environment", "e")
		}
		for range 1 + r.IntN(3) {
			sl := rl.ScopeLogs().AppendEmpty()
			for range 1 + r.IntN(50) {
				record := sl.LogRecords().AppendEmpty()
				record.SetTimestamp(pcommon.Timestamp(r.Int64()))
				stream := fmt.Sprint("s", r.IntN(7))
				record.Attributes().PutStr("stream", stream)
				record.Body().SetStr("@" + service + "@" + stream + "@" + strings.Repeat("x", r.IntN(10)*r.IntN(10)*r.IntN(1000)))
			}
		}
	}
	return ld
}

func TestEntityIsToldWhereItIsComplete(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		resource map[string]any
		want     *cwlogs.Entity
	}{
		"nothing":        {nil, nil},
		"no environment": {map[string]any{"service.name": "a"}, nil},
		"no name":        {map[string]any{"service.name": "unknown_service:java", "deployment.environment": "e"}, nil},
		"too long":       {map[string]any{"service.name": strings.Repeat("a", 513), "deployment.environment": "e"}, nil},
		"not text":       {map[string]any{"service.name": 5, "deployment.environment": "e"}, nil},
		"any host": {map[string]any{"service.name": "a", "deployment.environment.name": "e", "deployment.environment": "old", "host.name": "h"}, &cwlogs.Entity{
			KeyAttributes: map[string]string{"Type": "Service", "Name": "a", "Environment": "e"},
			Attributes:    map[string]string{"AWS.ServiceNameSource": "Instrumentation", "PlatformType": "Generic", "Host": "h"},
		}},
		"EC2": {map[string]any{"service.name": "a", "cloud.platform": "aws_ec2", "host.id": "i-1"}, &cwlogs.Entity{
			KeyAttributes: map[string]string{"Type": "Service", "Name": "a", "Environment": "ec2:default"},
			Attributes:    map[string]string{"AWS.ServiceNameSource": "Instrumentation", "PlatformType": "AWS::EC2", "EC2.InstanceId": "i-1"},
		}},
		"EKS": {map[string]any{"service.name": "a", "cloud.platform": "aws_eks", "k8s.cluster.name": "c", "k8s.namespace.name": "n", "k8s.deployment.name": "d", "k8s.node.name": "node", "host.id": "i-2"}, &cwlogs.Entity{
			KeyAttributes: map[string]string{"Type": "Service", "Name": "a", "Environment": "eks:c/n"},
			Attributes: map[string]string{"AWS.ServiceNameSource": "Instrumentation", "PlatformType": "AWS::EKS", "EKS.Cluster": "c", "K8s.Namespace": "n",
				"K8s.Workload": "d", "K8s.Node": "node", "EC2.InstanceId": "i-2"},
		}},
		"other Kubernetes": {map[string]any{"service.name": "a", "k8s.cluster.name": "c", "k8s.namespace.name": "n", "deployment.environment": "e", "host.id": "x"}, &cwlogs.Entity{
			KeyAttributes: map[string]string{"Type": "Service", "Name": "a", "Environment": "e"},
			Attributes:    map[string]string{"AWS.ServiceNameSource": "Instrumentation", "PlatformType": "K8s", "K8s.Cluster": "c", "K8s.Namespace": "n"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := pcommon.NewMap()
			require.NoError(t, m.FromRaw(tt.resource))
			assert.Equal(t, tt.want, entityOf(m))
		})
	}
}

func TestEqualEntitiesAreOne(t *testing.T) {
	t.Parallel()
	ld := plog.NewLogs()
	for _, service := range []string{"a", "b", "a"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		rl.Resource().Attributes().PutStr("deployment.environment", "e")
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(service)
	}
	b := translator(t, message.Raw, "g", "s").Translate(ld)
	defer b.Release()
	require.Len(t, b.Parts, 2)
	assert.Equal(t, []string{"a", "a"}, texts(b.Parts[0]))
	assert.Equal(t, "b", b.Parts[1].Entity.KeyAttributes["Name"])
}

func BenchmarkTranslate(b *testing.B) {
	for _, format := range []message.Format{message.Raw, message.JSON, message.OTLPJSON} {
		for _, streams := range []int{1, 100} {
			b.Run(fmt.Sprint(format, "/", streams), func(b *testing.B) {
				tr := translator(b, format, "/g", "{resource:stream}")
				ld := plog.NewLogs()
				for s := range streams {
					rl := ld.ResourceLogs().AppendEmpty()
					rl.Resource().Attributes().PutStr("stream", fmt.Sprint(s))
					records := rl.ScopeLogs().AppendEmpty().LogRecords()
					for range 5000 / streams {
						r := records.AppendEmpty()
						r.SetTimestamp(pcommon.Timestamp(time.Second))
						r.Attributes().PutStr("log.file.name", "app.log")
						r.Body().SetStr(strings.Repeat("x", 200))
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					tr.Translate(ld).Release()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*5000), "ns/record")
			})
		}
	}
}
