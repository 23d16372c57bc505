package filetailreceiver

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// tailReceiver joins the Tailer to the pipeline.
type tailReceiver struct {
	id       component.ID
	config   *Config
	logger   *zap.Logger
	next     consumer.Logs
	report   *receiverhelper.ObsReport
	observer *observer
	filters  []filter
	times    *logtime.Parser // nil: records have no time of their own

	storage   storage.Client
	splitter  *records.Splitter
	tailer    *tail.Tailer
	unmatched *unmatched
}

func newReceiver(set receiver.Settings, c *Config, next consumer.Logs) (*tailReceiver, error) {
	r := &tailReceiver{id: set.ID, config: c, logger: set.Logger, next: next}
	var err error
	if r.report, err = receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "file", ReceiverCreateSettings: set}); err != nil {
		return nil, err
	}
	if r.filters, err = c.filters(); err != nil {
		return nil, err
	}
	if c.Timestamp != nil {
		if r.times, err = c.Timestamp.parser(); err != nil {
			return nil, err
		}
	}
	if r.splitter, _, err = c.splitter(); err != nil {
		return nil, err
	}
	r.observer, err = newObserver(set)
	return r, err
}

// Start takes up where the last run ended.
func (r *tailReceiver) Start(ctx context.Context, host component.Host) error {
	if keys := r.config.FileLog.unneeded(); len(keys) > 0 {
		r.logger.Info("Keys of file_log have no meaning here: remove them", zap.Strings("keys", keys))
	}
	o, err := r.config.tailer()
	if err != nil {
		return err
	}
	if unknown := o.Finder.Rules.Unknown(); len(unknown) > 0 {
		r.logger.Warn("follow_links::owners names users whom this host does not have: their links are not followed", zap.Strings("owners", unknown))
	}
	if r.storage, err = r.client(ctx, host, r.id); err != nil {
		return err
	}
	if o.Store, err = checkpoints.Open(ctx, r.storage); err != nil {
		return fmt.Errorf("storage %s: %w", r.config.StorageID, err)
	}
	for _, err := range o.Store.Damaged() {
		r.logger.Warn("Checkpoints are damaged: their files begin as start_at says, or are read again", zap.Error(err))
	}
	if o.Store.Fresh() && r.config.StorageID != nil {
		if err := r.takeOver(ctx, host, o.Store); err != nil {
			r.logger.Warn("Offsets of file_log could not be taken over: files begin as start_at says", zap.Error(err))
		}
	}
	o.Begin, o.Events, o.Logger = r.begin, r.observer, r.logger
	r.unmatched = newUnmatched(r.logger, o.Finder)
	o.Finder.Passed = r.unmatched.passed
	r.tailer = tail.New(o)
	if err := r.observer.start(host, r.tailer.Stats); err != nil {
		return err
	}
	r.unmatched.start()
	r.tailer.Start()
	return nil
}

// client is the storage of a component's name.
func (r *tailReceiver) client(ctx context.Context, host component.Host, id component.ID) (storage.Client, error) {
	if r.config.StorageID == nil {
		return storage.NewNopClient(), nil
	}
	extension, ok := host.GetExtensions()[*r.config.StorageID].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: %s is no storage extension of this collector: add it to service.extensions", r.config.StorageID)
	}
	return extension.GetClient(ctx, component.KindReceiver, id, "")
}

// fileLog is how file_log names itself to its storage.
var fileLog = component.MustNewType("filelog")

// takeOver reads the offsets of the file_log which had this receiver's name.
func (r *tailReceiver) takeOver(ctx context.Context, host component.Host, to *checkpoints.Store) error {
	client, err := r.client(ctx, host, component.NewIDWithName(fileLog, r.id.Name()))
	if err != nil {
		return err
	}
	taken, err := checkpoints.OfFileLog(ctx, client)
	for _, c := range taken {
		to.Set(c)
	}
	if len(taken) > 0 {
		r.logger.Info("Files go on where file_log stopped", zap.Int("files", len(taken)))
	}
	if closed := client.Close(ctx); err == nil {
		err = closed
	}
	return err
}

// Shutdown waits for what is in flight, and saves what was delivered.
func (r *tailReceiver) Shutdown(ctx context.Context) error {
	if r.tailer == nil {
		r.observer.close()
		return nil
	}
	r.unmatched.stop()
	err := r.tailer.Stop(ctx)
	r.observer.close()
	if closed := r.storage.Close(ctx); err == nil {
		err = closed
	}
	return err
}
