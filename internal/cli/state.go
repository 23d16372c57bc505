package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// withCheckedDatabases makes file_storage look at its databases in another process before it opens them: bbolt ends the process
// by a panic or a signal where one is damaged.
func withCheckedDatabases(settings otelcol.CollectorSettings) otelcol.CollectorSettings {
	factories := settings.Factories
	if factories == nil {
		return settings
	}
	settings.Factories = func() (otelcol.Factories, error) {
		all, err := factories()
		for kind, f := range all.Extensions {
			if _, ok := f.CreateDefaultConfig().(*filestorage.Config); ok {
				all.Extensions[kind] = extension.NewFactory(f.Type(), f.CreateDefaultConfig, func(ctx context.Context, set extension.Settings, c component.Config) (extension.Extension, error) {
					e, err := f.Create(ctx, set, c)
					inner, ok := e.(storage.Extension)
					if err != nil || !ok {
						return e, err
					}
					return &checkedDatabases{inner, c.(*filestorage.Config).Directory, set.Logger}, nil
				}, f.Stability())
			}
		}
		return all, err
	}
	return settings
}

// checkedDatabases is file_storage.
type checkedDatabases struct {
	storage.Extension
	folder string
	logger *zap.Logger
}

// databaseName is how file_storage names databases: by kind and name of a component, or by a hash of both.
var databaseName = regexp.MustCompile(`^((receiver|processor|exporter|extension|connector)_.*|[0-9a-f]{64})$`)

// Start sets aside what is damaged, before any component opens it.
func (c *checkedDatabases) Start(ctx context.Context, host component.Host) error {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return c.Extension.Start(ctx, host) // which says what is wrong
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !databaseName.MatchString(entry.Name()) || strings.Contains(entry.Name(), statelog.DamagedMark) {
			continue
		}
		path := filepath.Join(c.folder, entry.Name())
		err := boltdb.Check(ctx, path)
		if err == nil {
			continue
		}
		if !errors.Is(err, boltdb.ErrDamaged) {
			c.logger.Warn("A database could not be looked at: if it is damaged, the collector ends when it opens it", zap.String("path", path), zap.Error(err))
			continue
		}
		to, moved := statelog.SetAside(path, time.Now())
		c.logger.Warn("A database is damaged, and was set aside: what it held is lost. Files begin as start_at says, and what was in a queue was not sent",
			zap.String("path", path), zap.String("now", to), zap.Error(errors.Join(err, moved)))
	}
	return c.Extension.Start(ctx, host)
}
