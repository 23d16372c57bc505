package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/otelcol"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// The service manager takes a service for hung that does not count on while it starts or stops.
const (
	serviceCountsEvery = 5 * time.Second
	serviceWaitHint    = uint32(30_000) // milliseconds
)

// runService runs under the Windows service manager. It returns false where the process was started in
// another way.
func runService(settings otelcol.CollectorSettings, run runFunc) (bool, error) {
	// svc.Run finds the service's name itself.
	err := svc.Run("", &service{settings: settings, run: run, open: openEventLog, check: checkProcess})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT): // not started by the service manager
		return false, nil
	default:
		return true, fmt.Errorf("run as a Windows service: %w", err)
	}
}

func openEventLog(name string) (eventLog, error) { return eventlog.Open(name) }

// service answers the service manager at once, before a configuration is fetched, and ends when the collector does.
// The collector's own handler begins to answer when there is a configuration, and goes on as "running" after the
// collector has ended with an error (v0.156.0), so that nothing would start it again.
type service struct {
	settings otelcol.CollectorSettings
	run      runFunc
	open     func(name string) (eventLog, error)
	// check says what other users could change of what the service named so is about to read.
	check func(name string) error
}

// Execute implements svc.Handler. A status other than 0 is what the failure actions of the service act upon.
func (s *service) Execute(args []string, requests <-chan svc.ChangeRequest, changes chan<- svc.Status) (bool, uint32) {
	if len(args) == 0 {
		return false, uint32(windows.ERROR_INVALID_SERVICENAME)
	}
	log, err := s.open(args[0])
	if err != nil {
		return false, uint32(windows.ERROR_EVENTLOG_CANT_START)
	}
	defer log.Close()

	status := svc.Status{State: svc.StartPending, Accepts: svc.AcceptStop | svc.AcceptShutdown, WaitHint: serviceWaitHint}
	changes <- status
	if err := s.check(args[0]); err != nil {
		_ = log.Error(eventError, eventText("the service does not start: "+err.Error()))
		return false, uint32(windows.ERROR_EXCEPTION_IN_SERVICE)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- s.run(ctx, withEventLog(s.settings, log), func() {
			select {
			case started <- struct{}{}:
			default:
			}
		})
	}()

	count := time.NewTicker(serviceCountsEvery)
	defer count.Stop()
	stopping := false
	for {
		select {
		case err := <-ended:
			switch {
			case err != nil:
				_ = log.Error(eventError, eventText("the service ends: "+err.Error()))
				return false, uint32(windows.ERROR_EXCEPTION_IN_SERVICE)
			case !stopping:
				_ = log.Error(eventError, "the service ends, and nobody has told it to")
				return false, uint32(windows.ERROR_PROCESS_ABORTED)
			}
			return false, 0
		case <-started:
			if stopping {
				continue
			}
			status = svc.Status{State: svc.Running, Accepts: status.Accepts}
			changes <- status
		case <-count.C:
			if status.State != svc.Running {
				status.CheckPoint++
				changes <- status
			}
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				changes <- status
			case svc.Stop, svc.Shutdown:
				stopping = true
				status = svc.Status{State: svc.StopPending, WaitHint: serviceWaitHint}
				changes <- status
				cancel()
			}
		}
	}
}
