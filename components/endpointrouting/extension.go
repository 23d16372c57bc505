package endpointrouting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/endpointrouting/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig/credserver"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/connect"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/extensionstatus"
)

// containerVariable leads SDKs to a container credentials endpoint.
const containerVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

// routing is the running extension.
type routing struct {
	config    *Config
	settings  extension.Settings
	logger    *zap.Logger
	table     *awsroute.Table
	telemetry *metadata.TelemetryBuilder

	host    component.Host
	session *awsconfig.Session

	done     chan struct{}
	attempts sync.WaitGroup

	mu       sync.Mutex
	listener *connect.Server
	server   *credserver.Server
	missing  map[string]error // what other programs would use and is not there
}

var (
	_ awsroute.Provider                     = (*routing)(nil)
	_ extensioncapabilities.PipelineWatcher = (*routing)(nil)
	_ extensioncapabilities.ConfigWatcher   = (*routing)(nil)
)

func newExtension(set extension.Settings, c *Config) (*routing, error) {
	e := &routing{config: c, settings: set, logger: set.Logger, done: make(chan struct{}), missing: map[string]error{}}
	var err error
	if e.table, err = awsroute.New(c.Config, awsroute.Options{Logger: set.Logger, OnChange: e.report}); err != nil {
		return nil, err
	}
	return e, nil
}

// Routes is the table, for components of this distribution.
func (e *routing) Routes() *awsroute.Table { return e.table }

// Access is the operator's way to AWS, for components of this distribution.
func (e *routing) Access() awsaccess.Config { return *e.config }

// Start begins to probe and to listen. Extensions start before every other component.
func (e *routing) Start(ctx context.Context, host component.Host) error {
	e.host = host
	var err error
	if e.telemetry, err = metadata.NewTelemetryBuilder(e.settings.TelemetrySettings); err != nil {
		return err
	}
	if err := e.observe(); err != nil {
		return err
	}
	e.logTable()
	process := awsaccess.Current()
	if process != nil {
		if e.config.ProcessProxy {
			if err := process.Prove(*e.config, e.logger); err != nil {
				return err
			}
		}
		process.Use(e.table)
	}
	switch own := e.config.ProcessProxy && process == nil; {
	case e.config.Listen == "" || process != nil && process.Listen() == e.config.Listen:
	case own: // all that this process sends goes through it
		if err := e.openListener(); err != nil {
			return err
		}
		if err := awsaccess.UseProxy(*e.config, e.listener, e.logger); err != nil {
			return err
		}
	case isProxy(e.config.Listen): // the same, by the environment
		if err := e.openListener(); err != nil {
			return err
		}
	default:
		e.orLater("listen: "+e.config.Listen, e.openListener)
	}
	if e.config.CredentialsEndpoint != nil {
		if err := e.serveCredentials(ctx); err != nil {
			return err
		}
	}
	e.table.Start()
	e.report()
	return nil
}

// isProxy reports whether the environment makes an address the proxy of this process.
func isProxy(listen string) bool {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if value := os.Getenv(name); value != "" && strings.Contains(value, listen) {
			return true
		}
	}
	return false
}

func (e *routing) openListener() error {
	listener := connect.New(e.table, e.logger)
	if err := listener.Start(e.config.Listen); err != nil {
		return err
	}
	e.mu.Lock()
	e.listener = listener
	e.mu.Unlock()
	e.logger.Info("Serving CONNECT to AWS names", zap.String("listen", listener.Addr().String()))
	return nil
}

// Ready is called when every component runs.
func (e *routing) Ready() error {
	e.report()
	return nil
}

// NotReady is called before the first component stops.
func (e *routing) NotReady() error { return nil }

// Shutdown ends what Start began. Components that send have been shut down before.
func (e *routing) Shutdown(ctx context.Context) error {
	close(e.done)
	e.attempts.Wait()
	var errs []error
	if e.server != nil {
		errs = append(errs, e.server.Shutdown(ctx))
	}
	if e.session != nil {
		e.session.Close()
	}
	if process := awsaccess.Current(); process != nil {
		process.Restore() // what runs until the next start has the process's own table
	}
	if e.listener != nil {
		errs = append(errs, e.listener.Shutdown(ctx))
	}
	e.table.Shutdown()
	if e.telemetry != nil {
		e.telemetry.Shutdown()
	}
	return errors.Join(errs...)
}

// logTable says once which ways there are.
func (e *routing) logTable() {
	var routes []string
	for _, r := range e.config.Routes {
		routes = append(routes, r.Name)
	}
	e.logger.Info("Routing AWS calls", zap.String("region", e.config.Region), zap.String("policy", string(e.config.Policy)), zap.Strings("routes", routes))
}

func (e *routing) serveCredentials(ctx context.Context) error {
	var err error
	e.session, err = awsconfig.Load(ctx, awsconfig.Config{Region: e.config.Region, Credentials: e.config.Credentials}, awsconfig.Options{
		Router: e.table, Logger: e.logger, Endpoints: e.table.Endpoints(),
		UserAgent: e.settings.BuildInfo.Command + "/" + e.settings.BuildInfo.Version,
	})
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	server, err := credserver.New(*e.config.CredentialsEndpoint, e.session.Credentials, e.logger)
	if err != nil {
		return fmt.Errorf("credentials_endpoint: %w", err)
	}
	start := func() error {
		if err := server.Start(); err != nil {
			return fmt.Errorf("credentials_endpoint: %w", err)
		}
		e.mu.Lock()
		e.server = server
		e.mu.Unlock()
		e.logger.Info("Serving AWS credentials", zap.String("url", server.URL()), zap.String("source", e.session.CredentialSource))
		return nil
	}
	e.orLater("credentials_endpoint: "+e.config.CredentialsEndpoint.Endpoint, start)
	if source := e.config.Credentials.Source; server.URL() != "" && os.Getenv(containerVariable) == server.URL() && (source == "" || source == awsconfig.SourceDefault || source == awsconfig.SourceContainer) {
		return fmt.Errorf("credentials::source %q would ask the credentials endpoint itself, since %s is %s: name the source that it shall serve, such as ssm_agent or profile", source, containerVariable, server.URL())
	}
	return nil
}

// report turns the verdicts on routes into the component's status.
func (e *routing) report() {
	if e.host == nil {
		return
	}
	for _, s := range e.table.Snapshot().Services {
		if s.Healthy || s.Active == "" {
			continue
		}
		err := fmt.Errorf("no route to %s in %s works", s.Service, s.Region)
		for _, r := range s.Routes {
			err = fmt.Errorf("%w; route %q: %w", err, r.Route, r.LastError)
		}
		extensionstatus.Report(e.host, e.settings.ID, componentstatus.NewRecoverableErrorEvent(err))
		return
	}
	e.mu.Lock()
	var missing []error
	for _, what := range slices.Sorted(maps.Keys(e.missing)) {
		missing = append(missing, fmt.Errorf("%s: %w", what, e.missing[what]))
	}
	e.mu.Unlock()
	if len(missing) > 0 {
		extensionstatus.Report(e.host, e.settings.ID, componentstatus.NewRecoverableErrorEvent(errors.Join(missing...)))
		return
	}
	extensionstatus.Report(e.host, e.settings.ID, componentstatus.NewEvent(componentstatus.StatusOK))
}
