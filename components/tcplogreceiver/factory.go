package tcplogreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/xreceiver"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/tcplogreceiver/internal/metadata"
)

// NewFactory makes the receiver's factory.
func NewFactory() receiver.Factory {
	return xreceiver.NewFactory(metadata.Type, createDefaultConfig,
		xreceiver.WithDeprecatedTypeAlias(metadata.DeprecatedType),
		xreceiver.WithLogs(func(_ context.Context, set receiver.Settings, c component.Config, next consumer.Logs) (receiver.Logs, error) {
			return newReceiver(set, c.(*Config), next)
		}, metadata.LogsStability))
}
