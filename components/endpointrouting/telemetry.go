package endpointrouting

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/connect"
)

// The attributes of the metrics in metadata.yaml.
func serviceAttributes(service, region, route string) metric.MeasurementOption {
	set := []attribute.KeyValue{attribute.String("service", service), attribute.String("region", region)}
	if route != "" {
		set = append(set, attribute.String("route", route))
	}
	return metric.WithAttributeSet(attribute.NewSet(set...))
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// observe registers what the metrics read when they are collected.
func (e *routing) observe() error {
	t := e.telemetry
	return errors.Join(
		t.RegisterEndpointRoutingActiveCallback(func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range e.table.Snapshot().Services {
				for _, r := range s.Routes {
					o.Observe(truth(r.Route == s.Active), serviceAttributes(s.Service, s.Region, r.Route))
				}
			}
			return nil
		}),
		t.RegisterEndpointRoutingHealthyCallback(func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range e.table.Snapshot().Services {
				for _, r := range s.Routes {
					o.Observe(truth(r.Healthy), serviceAttributes(s.Service, s.Region, r.Route))
				}
			}
			return nil
		}),
		t.RegisterEndpointRoutingProbeLatencyCallback(func(_ context.Context, o metric.Float64Observer) error {
			for _, s := range e.table.Snapshot().Services {
				for _, r := range s.Routes {
					if !r.Probed.IsZero() && r.LastError == nil {
						o.Observe(r.Latency.Seconds(), serviceAttributes(s.Service, s.Region, r.Route))
					}
				}
			}
			return nil
		}),
		t.RegisterEndpointRoutingFailoversCallback(func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range e.table.Snapshot().Services {
				o.Observe(s.Failovers, serviceAttributes(s.Service, s.Region, ""))
			}
			return nil
		}),
		t.RegisterEndpointRoutingRefusalsCallback(func(_ context.Context, o metric.Int64Observer) error {
			for key, n := range e.table.Snapshot().Refusals {
				o.Observe(n, metric.WithAttributes(attribute.String("service", key.Service), attribute.String("route", key.Route), attribute.String("reason", string(key.Reason))))
			}
			return nil
		}),
		t.RegisterEndpointRoutingIoCallback(func(_ context.Context, o metric.Int64Observer) error {
			for _, r := range e.table.Snapshot().Routes {
				o.Observe(r.Sent, metric.WithAttributes(attribute.String("route", r.Route), attribute.String("direction", "sent")))
				o.Observe(r.Received, metric.WithAttributes(attribute.String("route", r.Route), attribute.String("direction", "received")))
			}
			return nil
		}),
		t.RegisterEndpointRoutingConnectionsCallback(func(_ context.Context, o metric.Int64Observer) error {
			for _, r := range e.table.Snapshot().Routes {
				o.Observe(r.Connections, metric.WithAttributes(attribute.String("route", r.Route)))
			}
			return nil
		}),
		t.RegisterEndpointRoutingTunnelsCallback(func(_ context.Context, o metric.Int64Observer) error {
			tunnels := 0
			e.mu.Lock()
			if e.listener != nil {
				tunnels += e.listener.Tunnels()
			}
			e.mu.Unlock()
			if process := awsaccess.Current(); process != nil {
				tunnels += process.Tunnels()
			}
			o.Observe(int64(tunnels))
			return nil
		}),
		t.RegisterEndpointRoutingTurnedAwayCallback(func(_ context.Context, o metric.Int64Observer) error {
			var refused connect.Refused
			add := func(r connect.Refused) {
				refused.Names += r.Names
				refused.Crowded += r.Crowded
				refused.Silent += r.Silent
			}
			if e.listener != nil {
				add(e.listener.Refused())
			}
			if process := awsaccess.Current(); process != nil {
				add(process.Refused())
			}
			for kind, n := range map[string]int64{"name": refused.Names, "crowded": refused.Crowded, "silent": refused.Silent} {
				o.Observe(n, metric.WithAttributes(attribute.String("kind", kind)))
			}
			return nil
		}),
	)
}
