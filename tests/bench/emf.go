//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsemfexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchemfexporter"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// The metrics that are fed.
const (
	hostScrape  = "host"        // what host_metrics found on this machine, twice
	manyPoints  = "points"      // batches of 5,000, of 10 names and 500 sets of 5 attributes
	exponential = "exponential" // histograms, batches of 1,000
	explicit    = "explicit"    // histograms, batches of 1,000
)

const (
	pointBatches     = 20
	setsPerBatch     = 500
	histogramBatches = 10
	histogramsEach   = 1000
)

var (
	pointCPU       = column{"CPU µs per data point", "%.2f", func(f figures) float64 { return f.CPU / float64(f.Lines) * 1e6 }}
	pointMallocs   = column{"mallocs per data point", "%.2f", func(f figures) float64 { return f.Mallocs }}
	pointAllocated = column{"bytes allocated per data point", "%.0f", func(f figures) float64 { return f.Allocated }}
	pointWire      = column{"wire bytes per data point", "%.1f", func(f figures) float64 { return float64(f.Seen.Wire) / float64(f.Lines) }}
	documentEvents = column{"documents that arrived", "%.0f", func(f figures) float64 { return float64(f.Seen.Events) }}

	pointBytes  = column{"bytes of documents per data point", "%.0f", func(f figures) float64 { return float64(f.Made.Bytes) / float64(f.Lines) }}
	pointZipped = column{"the same in gzip", "%.1f", func(f figures) float64 { return float64(f.Made.Zipped) / float64(f.Lines) }}
	documents   = column{"documents", "%.0f", func(f figures) float64 { return float64(f.Made.Documents) }}
	billed      = column{"billed series", "%.0f", func(f figures) float64 { return float64(f.Made.Series) }}
	dataPoints  = column{"data points", "%.0f", func(f figures) float64 { return float64(f.Lines) }}
	unknown     = column{"**values of a unit that CloudWatch does not have**", "%.0f", func(f figures) float64 { return float64(f.Made.Unknown) }}
)

// made are an exporter's documents.
type made struct {
	Bytes, Zipped int
	Documents     int
	Series        int // combinations of namespace, dimensions and name, whatever their units
	Unknown       int // values that make no metric for their unit
}

// emf is what metrics cost.
func (b *bench) emf() error {
	host := filepath.Join(b.dir, "host")
	if err := scrape(context.Background(), host); err != nil {
		return fmt.Errorf("host_metrics: %w", err)
	}
	for _, m := range []struct {
		name  string
		data  string
		times int
	}{
		{"10 EMF, 8 host scrapers", hostScrape, b.million / 500},
		{"10 EMF, 100,000 points of 5 attributes", manyPoints, pointBatches * b.million / 500_000},
		{"10 EMF, 10,000 exponential histograms", exponential, histogramBatches * b.million / 500_000},
		{"10 EMF, 10,000 explicit-bounds histograms", explicit, histogramBatches * b.million / 100_000},
	} {
		j := job{Kind: "emf", Data: m.data, File: host, Times: max(m.times, 1)}
		if err := b.pair(m.name, j, j, pointCPU, pointMallocs, pointAllocated, requests, documentEvents, pointWire); err != nil {
			return err
		}
		plain := j
		plain.Plain = true
		if err := b.pair(m.name+", compression none", plain, j, pointCPU, pointWire); err != nil {
			return err
		}
	}
	for _, times := range []int{1, 4} {
		j := job{Kind: "emfmemory", Data: manyPoints, Times: times * pointBatches}
		if err := b.pair(fmt.Sprintf("11 EMF, memory, %d00,000 points, each set of attributes once", times), j, j, anon); err != nil {
			return err
		}
	}
	return b.sizes(host)
}

// sizes compares documents, with both at their defaults, and without what ours and upstream add to dimensions.
func (b *bench) sizes(host string) error {
	for _, m := range []struct {
		name, data string
		times      int
	}{
		{"12 documents, 8 host scrapers", hostScrape, 1},
		{"12 documents, 100,000 points", manyPoints, pointBatches},
		{"12 documents, 10,000 exponential histograms", exponential, histogramBatches},
		{"12 documents, 10,000 explicit-bounds histograms", explicit, histogramBatches},
	} {
		j := job{Kind: "emfdocuments", Data: m.data, File: host, Times: m.times}
		if err := b.pair(m.name, j, j, dataPoints, pointBytes, pointZipped, documents, billed); err != nil {
			return err
		}
		lean, single := j, j
		lean.Keys = map[string]any{"scope_dimension": ""}
		single.Keys = map[string]any{"dimension_rollup_option": "NoDimensionRollup"}
		if err := b.pair(m.name+"; scope_dimension '', NoDimensionRollup", lean, single, pointBytes, pointZipped, documents, billed); err != nil {
			return err
		}
	}
	return nil
}

// pair measures ours with one job and upstream's with another.
func (b *bench) pair(name string, mine, theirs job, columns ...column) error {
	mine.Exporter, theirs.Exporter = ours, upstream
	var got []figures
	for _, j := range []job{mine, theirs} {
		f, err := b.one(j)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, j.Exporter, err)
		}
		got = append(got, f)
	}
	if got[0].Made.Unknown+got[1].Made.Unknown > 0 {
		columns = append(columns, unknown)
	}
	compare(name, got, columns...)
	return nil
}

// scrape keeps what host_metrics finds on this machine with eight scrapers at their defaults, twice, a second apart.
// Every child reads the same.
func scrape(ctx context.Context, path string) error {
	factory := hostmetricsreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	scrapers := map[string]any{}
	for _, name := range []string{"cpu", "memory", "disk", "filesystem", "network", "paging", "processes", "load"} {
		scrapers[name] = map[string]any{}
	}
	if err := confmap.NewFromStringMap(map[string]any{"collection_interval": "1s", "initial_delay": "0s", "scrapers": scrapers}).Unmarshal(config); err != nil {
		return err
	}
	found := make(chan pmetric.Metrics, 100)
	to, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		found <- md
		return nil
	})
	if err != nil {
		return err
	}
	r, err := factory.CreateMetrics(ctx, receivertest.NewNopSettings(factory.Type()), config, to)
	if err != nil {
		return err
	}
	if err := r.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	var errs []error
	for i := range 2 {
		select {
		case md := <-found:
			text, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
			errs = append(errs, err, os.WriteFile(fmt.Sprint(path, i), text, 0o600))
		case <-time.After(30 * time.Second):
			errs = append(errs, errors.New("it found nothing for 30 s"))
		}
	}
	return errors.Join(append(errs, r.Shutdown(ctx))...)
}

// openEMF makes and starts an exporter of metrics. Ours has no queue, as upstream's has none.
func openEMF(ctx context.Context, j job, more map[string]any) (exporter.Metrics, error) {
	factory := cloudwatchemfexporter.NewFactory()
	k := map[string]any{"log_group_name": "/bench", "log_stream_name": "bench", "region": "us-east-1"}
	if j.Exporter == upstream {
		factory = awsemfexporter.NewFactory()
	} else {
		k["sending_queue"] = map[string]any{"enabled": false}
		if j.Plain {
			k["compression"] = "none"
		}
	}
	for _, keys := range []map[string]any{j.Keys, more} {
		for name, value := range keys {
			k[name] = value
		}
	}
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(k).Unmarshal(config); err != nil {
		return nil, err
	}
	if err := xconfmap.Validate(config); err != nil {
		return nil, err
	}
	e, err := factory.CreateMetrics(ctx, exportertest.NewNopSettings(factory.Type()), config)
	if err != nil {
		return nil, err
	}
	return e, e.Start(ctx, componenttest.NewNopHost())
}

// source are the batches of a job's data, by a number that may be larger than there are.
func source(j job) (first, then func(i int) pmetric.Metrics, err error) {
	if j.Data == hostScrape {
		var scrapes [2]pmetric.Metrics
		for i := range scrapes {
			text, err := os.ReadFile(fmt.Sprint(j.File, i))
			if err != nil {
				return nil, nil, err
			}
			if scrapes[i], err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(text); err != nil {
				return nil, nil, err
			}
		}
		return func(int) pmetric.Metrics { return scrapes[0] }, func(i int) pmetric.Metrics {
			if i > 0 {
				advance(scrapes[1])
			}
			return scrapes[1]
		}, nil
	}
	batches := map[string]int{manyPoints: pointBatches, exponential: histogramBatches, explicit: histogramBatches}[j.Data]
	if batches == 0 {
		return nil, nil, fmt.Errorf("%q is no data", j.Data)
	}
	var all []pmetric.Metrics
	for i := range batches {
		all = append(all, batch(j.Data, i))
	}
	of := func(i int) pmetric.Metrics { return all[i%batches] }
	return of, of, nil
}

// advance makes a scrape the one a millisecond later.
func advance(md pmetric.Metrics) {
	move := func(points pmetric.NumberDataPointSlice, totals bool) {
		for _, p := range points.All() {
			p.SetTimestamp(p.Timestamp() + pcommon.Timestamp(time.Millisecond))
			switch {
			case !totals:
			case p.ValueType() == pmetric.NumberDataPointValueTypeInt:
				p.SetIntValue(p.IntValue() + 1000)
			default:
				p.SetDoubleValue(p.DoubleValue() + 0.01)
			}
		}
	}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Type() == pmetric.MetricTypeSum {
					move(m.Sum().DataPoints(), m.Sum().IsMonotonic())
				} else {
					move(m.Gauge().DataPoints(), false) // the scrapers have no other types
				}
			}
		}
	}
}

// batch makes the metrics of a number. No two have a set of attributes in common.
func batch(data string, number int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "ip-10-0-3-17.ec2.internal")
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName("example.com/shop")
	now := pcommon.NewTimestampFromTime(time.Now())
	if data == manyPoints {
		for name := range 10 {
			m := sm.Metrics().AppendEmpty()
			m.SetName(fmt.Sprint("shop.requests.", name))
			m.SetUnit("{request}")
			points := m.SetEmptyGauge().DataPoints()
			points.EnsureCapacity(setsPerBatch)
			for i := range setsPerBatch {
				p := points.AppendEmpty()
				p.SetTimestamp(now)
				p.SetDoubleValue(float64(i*(name+1)) * 1.25)
				attributed(p.Attributes(), number*setsPerBatch+i)
			}
		}
		return md
	}
	m := sm.Metrics().AppendEmpty()
	m.SetName("shop.latency")
	m.SetUnit("ms")
	if data == exponential {
		histograms := m.SetEmptyExponentialHistogram()
		histograms.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for i := range histogramsEach {
			p := histograms.DataPoints().AppendEmpty()
			p.SetTimestamp(now)
			attributed(p.Attributes(), number*histogramsEach+i)
			p.SetScale(3)
			p.Positive().SetOffset(int32(i % 10))
			for at := range 40 {
				n := uint64(i+at) % 5
				p.Positive().BucketCounts().Append(n)
				p.SetCount(p.Count() + n)
			}
			p.SetSum(float64(p.Count()) * 12.5)
			p.SetMin(1.5)
			p.SetMax(70.25)
		}
		return md
	}
	histograms := m.SetEmptyHistogram()
	histograms.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i := range histogramsEach {
		p := histograms.DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		attributed(p.Attributes(), number*histogramsEach+i)
		p.ExplicitBounds().FromRaw([]float64{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000})
		for at := range 15 {
			n := uint64(i+at) % 5
			p.BucketCounts().Append(n)
			p.SetCount(p.Count() + n)
		}
		p.SetSum(float64(p.Count()) * 12.5)
		p.SetMin(1.5)
		p.SetMax(9000.25)
	}
	return md
}

func attributed(to pcommon.Map, set int) {
	to.EnsureCapacity(5)
	to.PutStr("method", []string{"GET", "POST", "PUT", "DELETE"}[set%4])
	to.PutStr("route", fmt.Sprint("/api/v1/things/", set))
	to.PutStr("status", []string{"200", "404", "500"}[set%3])
	to.PutStr("zone", "us-east-1a")
	to.PutStr("service", "checkout")
}

// feedEMF gives an exporter batches, one after the other.
func feedEMF(ctx context.Context, j job) (figures, error) {
	e, err := openEMF(ctx, j, map[string]any{"endpoint": j.URL})
	if err != nil {
		return figures{}, err
	}
	first, then, err := source(j)
	if err != nil {
		return figures{}, err
	}
	if err := e.ConsumeMetrics(ctx, first(0)); err != nil { // the stream, connections, pools, and totals to begin with
		return figures{}, err
	}
	j.Lines = j.Times * then(0).DataPointCount()
	return measure(j, func() error {
		for i := range j.Times {
			if err := e.ConsumeMetrics(ctx, then(i)); err != nil {
				return err
			}
		}
		return e.Shutdown(ctx)
	})
}

// keepEMF makes each batch when it is its turn, and finds how much memory is there at most.
func keepEMF(ctx context.Context, j job) (got figures, err error) {
	e, err := openEMF(ctx, j, map[string]any{"endpoint": j.URL})
	if err != nil {
		return got, err
	}
	end := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			got.Anon = max(got.Anon, memory(os.Getpid(), "RssAnon:"))
			select {
			case <-end:
				return
			case <-time.After(sampling / 5):
			}
		}
	})
	for i := 0; i < j.Times && err == nil; i++ {
		md := batch(j.Data, i)
		got.Lines += md.DataPointCount()
		err = e.ConsumeMetrics(ctx, md)
	}
	close(end)
	watching.Wait()
	return got, errors.Join(err, e.Shutdown(ctx))
}

// writeEMF takes an exporter's documents from standard output, where both can write them.
func writeEMF(ctx context.Context, j job) (got figures, err error) {
	stdout := os.Stdout
	if os.Stdout, err = os.CreateTemp(filepath.Dir(j.File), "documents"); err != nil {
		return got, err
	}
	to := os.Stdout
	defer func() {
		os.Stdout = stdout
		err = errors.Join(err, to.Close(), os.Remove(to.Name()))
	}()
	e, err := openEMF(ctx, j, map[string]any{"output_destination": "stdout"})
	if err != nil {
		return got, err
	}
	first, then, err := source(j)
	if err != nil {
		return got, err
	}
	if j.Data == hostScrape {
		if err := e.ConsumeMetrics(ctx, first(0)); err != nil { // totals to begin with
			return got, err
		}
	}
	series := map[string]bool{}
	for i := range j.Times {
		if err := errors.Join(to.Truncate(0), seek(to)); err != nil {
			return got, err
		}
		md := then(i)
		got.Lines += md.DataPointCount()
		if err := e.ConsumeMetrics(ctx, md); err != nil {
			return got, err
		}
		text, err := os.ReadFile(to.Name())
		if err != nil {
			return got, err
		}
		if err := got.Made.add(text, series); err != nil {
			return got, err
		}
	}
	got.Made.Series = len(series)
	return got, e.Shutdown(ctx)
}

func seek(f *os.File) error {
	_, err := f.Seek(0, 0)
	return err
}

// add counts the documents of a batch, one to a line.
func (m *made) add(text []byte, series map[string]bool) error {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err1 := z.Write(text)
	if err := errors.Join(err1, z.Close()); err != nil {
		return err
	}
	m.Zipped += zipped.Len()
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		m.Bytes += len(line)
		m.Documents++
		d, err := emf.Parse(string(line))
		if err == nil && len(d.Invalid) > 0 {
			m.Unknown += len(d.Invalid)
			d, err = emf.Parse(units.ReplaceAllStringFunc(string(line), known))
		}
		if err == nil && len(d.Invalid) > 0 {
			err = errors.New(d.Invalid[0].Reason)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		for i := range d.Metrics {
			metric := &d.Metrics[i]
			series[fmt.Sprintf("%q %q %q", metric.Namespace, metric.Name, metric.Dimensions)] = true
		}
	}
	return nil
}

var units = regexp.MustCompile(`,"Unit":"[^"]*"`)

// known leaves out a unit that is none of CloudWatch's.
func known(member string) string {
	if emf.ValidUnit(strings.TrimSuffix(strings.TrimPrefix(member, `,"Unit":"`), `"`)) {
		return member
	}
	return ""
}
