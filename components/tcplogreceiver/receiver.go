package tcplogreceiver

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/adapter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/pipeline"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
)

// lines is the receiver: an input, the operators of the configuration, and the next consumer.
type lines struct {
	config    *Config
	set       receiver.Settings
	next      consumer.Logs
	report    *receiverhelper.ObsReport
	telemetry *telemetry
	pipe      pipeline.Pipeline
	storage   storage.Client
}

func newReceiver(set receiver.Settings, c *Config, next consumer.Logs) (*lines, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	r := &lines{config: c, set: set, next: next, report: report, telemetry: newTelemetry(set)}
	first := &builder{Config: &c.InputConfig, limits: c.Limits, maxLine: c.maxLine(), telemetry: r.telemetry}
	// What the operators make of lines is consumed in the call that handed the lines on, which holds their memory until then.
	last := helper.NewSynchronousLogEmitter(set.TelemetrySettings, r.consume)
	r.pipe, err = pipeline.Config{
		Operators: append([]operator.Config{operator.NewConfig(first)}, c.Operators...), DefaultOutput: last,
	}.Build(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Start implements component.Component.
func (r *lines) Start(ctx context.Context, host component.Host) error {
	var err error
	if err = r.telemetry.start(); err != nil {
		return err
	}
	if r.storage, err = adapter.GetStorageClient(ctx, host, r.config.StorageID, r.set.ID); err == nil {
		err = r.pipe.Start(r.storage)
	}
	if err != nil {
		return errors.Join(err, r.Shutdown(ctx))
	}
	return nil
}

// Shutdown implements component.Component.
func (r *lines) Shutdown(ctx context.Context) error {
	err := r.pipe.Stop()
	if r.storage != nil {
		err = errors.Join(err, r.storage.Close(ctx))
		r.storage = nil
	}
	r.telemetry.close()
	return err
}

func (r *lines) consume(ctx context.Context, entries []*entry.Entry) {
	logs := adapter.ConvertEntries(entries)
	for _, e := range entries {
		entry.Put(e)
	}
	n := logs.LogRecordCount()
	ctx = r.report.StartLogsOp(ctx)
	err := r.send(ctx, logs)
	r.report.EndLogsOp(ctx, "stanza", n, err)
	if err != nil {
		r.telemetry.lost(n, err)
	}
}

// send gives records to the pipeline, again and again where retry_on_failure says so.
func (r *lines) send(ctx context.Context, logs plog.Logs) error {
	again := r.config.RetryOnFailure
	if !again.Enabled {
		return r.next.ConsumeLogs(ctx, logs)
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = again.InitialInterval, again.MaxInterval
	began := time.Now()
	for {
		err := r.next.ConsumeLogs(ctx, logs)
		if err == nil || consumererror.IsPermanent(err) {
			return err
		}
		if left, ok := errors.AsType[consumererror.Logs](err); ok {
			logs = left.Data()
		}
		pause := pauses.NextBackOff()
		if again.MaxElapsedTime > 0 && time.Since(began)+pause > again.MaxElapsedTime {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
