package otlpreceiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/otlpreceiver/internal/weight"
)

// otlp is one receiver, which the pipelines of all signals share.
type otlp struct {
	config                *Config
	set                   receiver.Settings
	admission             *admission
	calls                 *calls
	observer              *observer
	httpReport            *receiverhelper.ObsReport
	grpcReport            *receiverhelper.ObsReport
	logs, metrics, traces *signal

	mu        sync.Mutex
	listeners []*limited
	servers   []*http.Server
	serving   sync.WaitGroup
}

func newReceiver(set receiver.Settings, c *Config) (*otlp, error) {
	r := &otlp{config: c, set: set, admission: newAdmission(c.Limits.MaxInFlight)}
	var err error
	if r.httpReport, err = receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set}); err != nil {
		return nil, err
	}
	if r.grpcReport, err = receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "grpc", ReceiverCreateSettings: set}); err != nil {
		return nil, err
	}
	return r, nil
}

// start listens. hosts are those of the pipelines that use the receiver.
func (r *otlp) start(ctx context.Context, hosts []component.Host) error {
	var err error
	if r.observer, err = newObserver(r.set, r); err != nil {
		return err
	}
	r.observer.start(hosts)
	r.calls = newCalls(r.config.Limits, r.observer.refusedCalls)
	if key, size := r.config.beyondMemory(); key != "" {
		r.set.Logger.Warn("Requests as large as a key allows do not fit into limits::max_in_flight, and are refused: text alone counts four times. Raise it, or lower the key",
			zap.String("key", key), zap.Int64("bytes", size), zap.Int64("max_in_flight", r.config.Limits.MaxInFlight), zap.Int64("needed", weight.TextTimes*size))
	}
	if c := r.config.Protocols.GRPC; c.HasValue() {
		server, err := r.grpcServer(ctx, c.Get(), hosts[0])
		if err == nil {
			err = r.serve(ctx, "grpc", server, c.Get().NetAddr, c.Get().TLS, lifetime(keepalive(c.Get())), hosts)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("protocols::grpc: %w", err), r.shutdown(ctx))
		}
	}
	if c := r.config.Protocols.HTTP; c.HasValue() {
		server, err := r.httpServer(ctx, c.Get(), hosts[0])
		if err == nil {
			err = r.serve(ctx, "http", server, c.Get().ServerConfig.NetAddr, c.Get().ServerConfig.TLS, 0, hosts)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("protocols::http: %w", err), r.shutdown(ctx))
		}
	}
	return nil
}

func (r *otlp) serve(ctx context.Context, protocol string, server *http.Server, at confignet.AddrConfig, with configoptional.Optional[configtls.ServerConfig], lifetime time.Duration, hosts []component.Host) error {
	listener, err := at.Listen(ctx)
	if err != nil {
		return err
	}
	bounded := &limited{Listener: listener, protocol: protocol, max: int64(r.config.Limits.MaxConnections), refused: r.observer.refusedConnection, settle: r.calls.settle, lifetime: lifetime}
	var on net.Listener = bounded
	if with.HasValue() {
		c, err := with.Get().LoadTLSConfig(ctx)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		c.NextProtos = []string{"h2"}
		if protocol == "http" {
			c.NextProtos = append(c.NextProtos, "http/1.1")
		}
		on = tls.NewListener(bounded, c)
	}
	r.mu.Lock()
	r.listeners = append(r.listeners, bounded)
	r.servers = append(r.servers, server)
	r.mu.Unlock()
	r.set.Logger.Info("OTLP is served", zap.String("protocol", protocol), zap.String("endpoint", listener.Addr().String()))
	r.serving.Go(func() {
		if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
			for _, host := range hosts {
				componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
			}
		}
	})
	return nil
}

func (r *otlp) limits() []*limited {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*limited(nil), r.listeners...)
}

// shutdown lets requests that were read be answered. It may be called again: the collector does where a start has failed.
func (r *otlp) shutdown(ctx context.Context) error {
	var errs []error
	for _, server := range r.servers {
		errs = append(errs, server.Shutdown(ctx))
	}
	r.servers = nil
	r.serving.Wait()
	if r.observer != nil { // calls that were not answered in time may still tell it something
		r.observer.close()
	}
	return errors.Join(errs...)
}
