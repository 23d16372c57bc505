//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awscloudwatchlogsexporter"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/cloudwatchlogsexporter"
)

// The exporters. Nobody takes what is fed and drops it, which is what feeding costs.
const (
	ours     = "ours"
	upstream = "upstream"
	nobody   = "nobody"
)

const (
	perBatch = 5000 // records of a prepared plog.Logs
	prepared = 20   // plog.Logs
	feeders  = 4    // goroutines that bring them
	perRead  = 100  // records of a plog.Logs of file_log
)

// bestQueue is what makes upstream fastest.
func bestQueue() map[string]any {
	return map[string]any{
		"num_consumers": 10, "sizer": "bytes", "queue_size": 32 << 20, "block_on_overflow": true,
		"batch": map[string]any{"sizer": "bytes", "min_size": 1 << 20},
	}
}

// open makes and starts an exporter of these keys.
func open(ctx context.Context, name string, keys map[string]any) (exporter.Logs, error) {
	factory := cloudwatchlogsexporter.NewFactory()
	if name == upstream {
		factory = awscloudwatchlogsexporter.NewFactory()
	}
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(keys).Unmarshal(config); err != nil {
		return nil, err
	}
	e, err := factory.CreateLogs(ctx, exportertest.NewNopSettings(factory.Type()), config)
	if err != nil {
		return nil, err
	}
	return e, e.Start(ctx, componenttest.NewNopHost())
}

func keys(j job) map[string]any {
	k := map[string]any{"endpoint": j.URL, "log_group_name": "/bench", "log_stream_name": "bench", "raw_log": j.Raw}
	if j.Plain && j.Exporter == ours {
		k["compression"] = "none"
	}
	return k
}

// alone gives an exporter without a queue prepared records from several goroutines.
func alone(ctx context.Context, j job) (figures, error) {
	k := keys(j)
	k["sending_queue"] = map[string]any{"enabled": false}
	e, err := open(ctx, j.Exporter, k)
	if err != nil {
		return figures{}, err
	}
	var batches []plog.Logs
	texts := lines(prepared * perBatch)
	for i := range prepared {
		ld := parsed(texts[i*perBatch : (i+1)*perBatch])
		ld.MarkReadOnly()
		batches = append(batches, ld)
	}
	if err := e.ConsumeLogs(ctx, batches[0]); err != nil { // connections, pools and streams
		return figures{}, err
	}
	return measure(j, func() error {
		total := int64(j.Lines / perBatch)
		var next atomic.Int64
		errs := make([]error, feeders)
		var running sync.WaitGroup
		for g := range feeders {
			running.Go(func() {
				for i := next.Add(1); i <= total && errs[g] == nil; i = next.Add(1) {
					errs[g] = e.ConsumeLogs(ctx, batches[i%prepared])
				}
			})
		}
		running.Wait()
		return errors.Join(append(errs, e.Shutdown(ctx))...)
	})
}

// queued gives an exporter with a queue what file_log would read from as many files as there are streams.
func queued(ctx context.Context, j job) (figures, error) {
	var e consumer.Logs
	stop := func(context.Context) error { return nil }
	if j.Exporter == nobody {
		e, _ = consumer.NewLogs(func(context.Context, plog.Logs) error { return nil }) // the function is not nil
	} else {
		k := keys(j)
		k["log_stream_name"] = "{ServiceName}"
		if j.Exporter == upstream {
			k["sending_queue"] = bestQueue()
		}
		opened, err := open(ctx, j.Exporter, k)
		if err != nil {
			return figures{}, err
		}
		e, stop = opened, opened.Shutdown
		if err := prime(ctx, j, e); err != nil {
			return figures{}, err
		}
	}
	var reads []plog.Logs
	texts := lines(distinct)
	for i := range distinct / perRead {
		reads = append(reads, tailed(texts[i*perRead:(i+1)*perRead], service(i%j.Streams)))
	}
	return measure(j, func() error {
		for i := range j.Lines / perRead {
			ld := plog.NewLogs()
			reads[i%len(reads)].CopyTo(ld)
			now := pcommon.NewTimestampFromTime(time.Now())
			for _, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
				r.SetObservedTimestamp(now)
			}
			if err := e.ConsumeLogs(ctx, ld); err != nil {
				return err
			}
		}
		return stop(ctx)
	})
}

func service(i int) string { return fmt.Sprintf("service-%03d", i) }

// prime sends one record to each stream in one plog.Logs: upstream's map of streams is written and read at once
// where several consumers meet new ones, which can end the process.
func prime(ctx context.Context, j job, e consumer.Logs) error {
	ld := plog.NewLogs()
	for i := range j.Streams {
		tailed([]string{"hello"}, service(i)).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	if err := e.ConsumeLogs(ctx, ld); err != nil {
		return err
	}
	for range 600 {
		time.Sleep(100 * time.Millisecond)
		if seen, err := ask(j.URL, "/stats"); err != nil || seen.Events >= int64(j.Streams) {
			return err
		}
	}
	return errors.New("the first record of each stream did not arrive within a minute")
}

// measure tells what f takes in this process, and what it sends.
func measure(j job, f func() error) (figures, error) {
	if _, err := ask(j.URL, "/reset"); err != nil {
		return figures{}, err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuSeconds(), time.Now()
	if err := f(); err != nil {
		return figures{}, err
	}
	got := figures{Lines: j.Lines, CPU: cpuSeconds() - cpu, Wall: time.Since(start).Seconds()}
	runtime.ReadMemStats(&after)
	got.Mallocs = float64(after.Mallocs-before.Mallocs) / float64(j.Lines)
	got.Allocated = float64(after.TotalAlloc-before.TotalAlloc) / float64(j.Lines)
	return got, nil
}
