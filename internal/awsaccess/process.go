package awsaccess

import (
	"context"
	"errors"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/connect"
)

// Process is the CONNECT listener that every component of this process sends through, from before the
// configuration is read until the end. Some components call AWS while the collector validates its
// configuration, and the configuration itself may come from AWS: no extension has started then.
type Process struct {
	table    *awsroute.Table
	listener *connect.Server
	listen   string
}

// current is the only one: the environment that leads to it is the process's.
var current atomic.Pointer[Process]

// anyPort is a free port on loopback.
const anyPort = "127.0.0.1:0"

// Current is the process's listener, or nil.
func Current() *Process { return current.Load() }

// OpenProcess makes the process's listener at an address, and makes every HTTP client of the process
// that honours HTTPS_PROXY take it.
func OpenProcess(c Config, listen string, logger *zap.Logger) (*Process, error) {
	table, err := awsroute.New(c.Config, awsroute.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	p := &Process{table: table, listen: listen}
	if p.listener, err = open(table, listen, logger); err != nil {
		return nil, err
	}
	if err := UseProxy(c, p.listener, logger); err != nil {
		_ = p.Close()
		return nil, err
	}
	current.Store(p)
	return p, nil
}

// open makes the listener, on another port where somebody has the one that was asked for, and perhaps wants to: the
// process can do with any.
func open(table *awsroute.Table, listen string, logger *zap.Logger) (*connect.Server, error) {
	listener := connect.New(table, logger)
	err := listener.Start(listen)
	if err == nil {
		return listener, nil
	}
	logger.Error("The CONNECT listener takes another port; programs that use the configured one do not get here", zap.Error(err))
	listener = connect.New(table, logger)
	return listener, listener.Start(anyPort)
}

// UseProxy makes a listener the proxy of the process and of the programs that it runs, as c says. Where NO_PROXY lets
// names of AWS past it that no component of this distribution calls, private_only fails; other policies tell it.
func UseProxy(c Config, listener *connect.Server, logger *zap.Logger) error {
	proxy := listener.ProxyURL()
	err := SetProxy(c.Region, proxy.User.String()+"@"+proxy.Host, c.OtherRegions...)
	escaped := (*escapedError)(nil)
	if errors.As(err, &escaped) && !escaped.called && c.Policy != awsroute.PrivateOnly {
		logger.Warn("NO_PROXY lets calls to AWS past the route table", zap.Error(err))
		err = nil
	}
	if err == nil {
		useHelperEnvironment(c)
	}
	return err
}

// Listen is the address that the listener was asked for.
func (p *Process) Listen() string { return p.listen }

// Tunnels is how many tunnels are open.
func (p *Process) Tunnels() int { return p.listener.Tunnels() }

// Refused is how many clients of the listener were refused.
func (p *Process) Refused() connect.Refused { return p.listener.Refused() }

// Prove makes the listener the proxy of the process as a configuration says that came later.
func (p *Process) Prove(c Config, logger *zap.Logger) error { return UseProxy(c, p.listener, logger) }

// Use makes new tunnels take a table, that of the extension that has started, until Restore.
func (p *Process) Use(table *awsroute.Table) { p.listener.Route(table) }

// Restore makes new tunnels take the process's own table again.
func (p *Process) Restore() { p.listener.Route(p.table) }

// Close ends the listener.
func (p *Process) Close() error {
	current.CompareAndSwap(p, nil)
	return p.listener.Shutdown(context.Background())
}
