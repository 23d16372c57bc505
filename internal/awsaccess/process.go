package awsaccess

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"syscall"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
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

// anyPort is where the listener is when its own address is taken.
const anyPort = "127.0.0.1:0"

// current is the only one: the environment that leads to it is the process's.
var current atomic.Pointer[Process]

// Current is the process's listener, or nil.
func Current() *Process { return current.Load() }

// OpenProcess makes the process's listener at an address, and makes every HTTP client of the process
// that honours HTTPS_PROXY take it.
func OpenProcess(c Config, listen string, logger *zap.Logger) (*Process, error) {
	table, err := awsroute.New(c.Config, awsroute.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	p := &Process{table: table, listener: connect.New(table, logger), listen: listen}
	err = p.listener.Start(listen)
	if err != nil && errors.Is(err, syscall.EADDRINUSE) {
		// This process goes on by another port; only others on the host know the one that is configured.
		logger.Error("the listener of process_proxy is somewhere else, because its address is taken: other programs that use that address do not reach it",
			zap.String("listen", listen), zap.Error(err))
		p.listener = connect.New(table, logger)
		err = p.listener.Start(anyPort)
	}
	if err != nil {
		return nil, err
	}
	if err := SetProxy(c.Region, p.listener.Addr().String()); err != nil {
		_ = p.Close()
		return nil, err
	}
	current.Store(p)
	return p, nil
}

// Listen is the address that the listener was asked for.
func (p *Process) Listen() string { return p.listen }

// Tunnels is how many tunnels are open.
func (p *Process) Tunnels() int { return p.listener.Tunnels() }

// Use makes new tunnels take a table, that of the extension that has started, until Restore.
func (p *Process) Use(table *awsroute.Table) { p.listener.Route(table) }

// Restore makes new tunnels take the process's own table again.
func (p *Process) Restore() { p.listener.Route(p.table) }

// Close ends the listener.
func (p *Process) Close() error {
	current.CompareAndSwap(p, nil)
	return p.listener.Shutdown(context.Background())
}

// SetProxy makes an address the proxy of every HTTP client that honours the environment, and proves it:
// net/http reads the environment once, and somebody may have been first.
func SetProxy(region, address string) error {
	proxy := (&url.URL{Scheme: "http", Host: address}).String()
	if err := os.Setenv("HTTPS_PROXY", proxy); err != nil {
		return err
	}
	names, err := awsnames.ForRegion(region)
	if err != nil {
		return err
	}
	for _, s := range awsnames.Services() {
		host := names.Public(s)
		got, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
		if err != nil || got == nil || got.String() != proxy {
			return fmt.Errorf("process_proxy: calls to %s would not take the proxy %s but %q: name this configuration in %s, or set HTTPS_PROXY=%s, in the environment that the collector is started with, and take AWS names out of NO_PROXY (%q)",
				host, proxy, fmt.Sprint(got), Variable, proxy, os.Getenv("NO_PROXY")+os.Getenv("no_proxy"))
		}
	}
	return nil
}
