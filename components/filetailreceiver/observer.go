package filetailreceiver

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
)

// logEvery is how often something is logged that happens again and again.
const logEvery = time.Minute

// observer turns what happens into metrics, logs and the component's status.
type observer struct {
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	host      component.Host
	delays    *rate.Limiter
	refusals  *rate.Limiter
	doubts    doubts

	mu       sync.Mutex
	told     map[string]map[string]bool // files, of each thing that is told once of a file
	troubled bool                       // the pipeline takes nothing for now
	unseen   bool                       // files may not be found
}

var _ tail.Events = (*observer)(nil)

func newObserver(set receiver.Settings) (*observer, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	every := rate.Every(logEvery)
	return &observer{logger: set.Logger, telemetry: telemetry, delays: rate.NewLimiter(every, 1), refusals: rate.NewLimiter(every, 1)}, nil
}

func (o *observer) start(host component.Host, stats func() tail.Stats) error {
	o.host = host
	t := o.telemetry
	whole := func(f func(tail.Stats) int64) metric.Int64Callback {
		return func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(f(stats()))
			return nil
		}
	}
	return errors.Join(
		t.RegisterFileTailFilesCallback(whole(func(s tail.Stats) int64 { return int64(s.Files) })),
		t.RegisterFileTailOpenFilesCallback(whole(func(s tail.Stats) int64 { return int64(s.Open) })),
		t.RegisterFileTailUnreadableFilesCallback(whole(func(s tail.Stats) int64 { return int64(s.Unreadable) })),
		t.RegisterFileTailInFlightCallback(whole(func(s tail.Stats) int64 { return s.InFlight })),
		t.RegisterFileTailLagCallback(whole(func(s tail.Stats) int64 { return s.LagBytes })),
		t.RegisterFileTailLagTimeCallback(func(_ context.Context, to metric.Float64Observer) error {
			to.Observe(stats().LagSeconds)
			return nil
		}),
		t.RegisterFileTailFileLagCallback(func(_ context.Context, to metric.Int64Observer) error {
			for _, l := range stats().Worst {
				to.Observe(l.Bytes, metric.WithAttributes(attribute.String("path", l.Path)))
			}
			return nil
		}),
		t.RegisterFileTailFileLagTimeCallback(func(_ context.Context, to metric.Float64Observer) error {
			for _, l := range stats().Worst {
				to.Observe(l.Seconds, metric.WithAttributes(attribute.String("path", l.Path)))
			}
			return nil
		}),
	)
}

func (o *observer) close() { o.telemetry.Shutdown() }

// Read implements tail.Events.
func (o *observer) Read(bytes, records int) {
	o.telemetry.FileTailRead.Add(context.Background(), int64(bytes))
	o.telemetry.FileTailRecords.Add(context.Background(), int64(records))
}

// Acknowledged implements tail.Events.
func (o *observer) Acknowledged(bytes int64) {
	o.telemetry.FileTailAcknowledged.Add(context.Background(), bytes)
}

// Rotated implements tail.Events.
func (o *observer) Rotated() { o.telemetry.FileTailRotations.Add(context.Background(), 1) }

// Truncated implements tail.Events.
func (o *observer) Truncated(lost int64) {
	o.telemetry.FileTailTruncations.Add(context.Background(), 1)
	if lost > 0 {
		o.telemetry.FileTailLost.Add(context.Background(), lost)
	}
}

// Released implements tail.Events.
func (o *observer) Released(lost int64) { o.telemetry.FileTailLost.Add(context.Background(), lost) }

func (o *observer) filtered(records int) {
	o.telemetry.FileTailFilteredRecords.Add(context.Background(), int64(records))
}

// refused is what the pipeline does not want.
func (o *observer) refused(records int, err error) {
	o.telemetry.FileTailRefusedRecords.Add(context.Background(), int64(records))
	if o.refusals.Allow() {
		o.logger.Error("The pipeline refused records for good; they are not read again. Further ones are counted in file_tail_refused_records",
			zap.Int("records", records), zap.Error(err))
	}
}

// delayed is what the pipeline does not want now.
func (o *observer) delayed(err error) {
	if o.delays.Allow() {
		o.logger.Warn("The pipeline takes no records for now; they are offered again, and their files wait", zap.Error(err))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.troubled {
		componentstatus.ReportStatus(o.host, componentstatus.NewRecoverableErrorEvent(err))
	}
	o.troubled = true
}

// accepted is what the pipeline has taken.
func (o *observer) accepted() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.troubled && !o.unseen {
		componentstatus.ReportStatus(o.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
	o.troubled = false
}

// Looked implements tail.Events.
func (o *observer) Looked(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && !o.unseen:
		o.logger.Error("Files may not be found: no look at all that is named has ended for a minute", zap.Error(err))
		componentstatus.ReportStatus(o.host, componentstatus.NewRecoverableErrorEvent(err))
	case err == nil && o.unseen:
		o.logger.Info("All files that are named are looked at again")
		if !o.troubled {
			componentstatus.ReportStatus(o.host, componentstatus.NewEvent(componentstatus.StatusOK))
		}
	}
	o.unseen = err != nil
}

// mostTold is of how many files something is told that is told once of a file. Who makes files can make many.
const mostTold = 100

// Abandoned implements tail.Events.
func (o *observer) Abandoned() { o.telemetry.FileTailAbandonedFiles.Add(context.Background(), 1) }

// Unusual implements tail.Events.
func (o *observer) Unusual(path string, u tail.Unusual) {
	ctx := context.Background()
	if u.NULs > 0 {
		o.telemetry.FileTailNulBytes.Add(ctx, u.NULs)
		if u.NULs >= toldNULs {
			o.once("NULs", path, "A file has a row of NULs, which are left out and counted in file_tail_nul_bytes: its program wrote on where it was after the file was truncated, or the host crashed. A program that opens its file for appending leaves none",
				zap.Int64("bytes", u.NULs))
		}
	}
	if u.CutOff > 0 {
		o.telemetry.FileTailCutOff.Add(ctx, u.CutOff)
	}
	switch u.LeftOut {
	case source.None:
	case source.Gzip:
		o.telemetry.FileTailLeftOutFiles.Add(ctx, 1)
		o.once("archives", path, "An archive of gzip is left out: set compression: auto to read it, or exclude it", zap.String("format", string(u.LeftOut)))
	default:
		o.telemetry.FileTailLeftOutFiles.Add(ctx, 1)
		o.once("archives", path, "An archive is left out, as its format is not read: exclude it, or unpack it", zap.String("format", string(u.LeftOut)))
	}
	if u.Damage != nil {
		o.telemetry.FileTailDamagedArchives.Add(ctx, 1)
		o.once("damage", path, "An archive is damaged: what stands before the damage is read, and the rest is lost", zap.Error(u.Damage))
	}
	if u.Encoding != "" {
		o.once("encoding", path, "A file seems to be UTF-16 without a byte order mark, and is read as UTF-8: set encoding to what it is", zap.String("encoding", u.Encoding))
	}
}

// toldNULs is how many NULs at once are told: a program that ends its lines with one is no news.
const toldNULs = 512

// once logs a warning once of a file, and of mostTold files.
func (o *observer) once(what, path, message string, fields ...zap.Field) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told[what] == nil {
		if o.told == nil {
			o.told = map[string]map[string]bool{}
		}
		o.told[what] = map[string]bool{}
	}
	told := o.told[what]
	switch {
	case told[path] || len(told) > mostTold:
		return
	case len(told) == mostTold:
		o.logger.Warn("The same is so of more files, which are not named", zap.String("of", message), zap.Int("named", mostTold))
	default:
		o.logger.Warn(message, append(fields, zap.String("path", path))...)
	}
	told[path] = true
}
