package cli

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/otelcol"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// managedService is a service as the service manager sees it.
type managedService struct {
	t        *testing.T
	requests chan svc.ChangeRequest
	changes  chan svc.Status
	exit     chan uint32
	log      *events
}

func startService(t *testing.T, run runFunc) *managedService {
	return startChecked(t, run, func(string) error { return nil })
}

func startChecked(t *testing.T, run runFunc, check func(string) error) *managedService {
	m := &managedService{t, make(chan svc.ChangeRequest), make(chan svc.Status, 100), make(chan uint32, 1), &events{}}
	s := &service{run: run, open: func(string) (eventLog, error) { return m.log, nil }, check: check}
	go func() {
		_, status := s.Execute([]string{"otelcol-cloudwatch"}, m.requests, m.changes)
		m.exit <- status
	}()
	return m
}

func (m *managedService) becomes(state svc.State) {
	m.t.Helper()
	for {
		select {
		case s := <-m.changes:
			if s.State == state {
				return
			}
		case <-time.After(time.Minute):
			require.Fail(m.t, "the state did not come", "%v", state)
		}
	}
}

func (m *managedService) ends() uint32 {
	m.t.Helper()
	select {
	case status := <-m.exit:
		assert.True(m.t, m.log.shut)
		return status
	case <-time.After(time.Minute):
		require.Fail(m.t, "the service did not end")
		return 0
	}
}

func TestServiceRunsWhenTheCollectorDoesAndStopsInOrder(t *testing.T) {
	up := make(chan struct{})
	m := startService(t, func(ctx context.Context, _ otelcol.CollectorSettings, started func()) error {
		<-up
		started()
		<-ctx.Done()
		return nil
	})
	m.becomes(svc.StartPending)
	close(up)
	m.becomes(svc.Running)
	m.requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
	m.becomes(svc.Running)
	m.requests <- svc.ChangeRequest{Cmd: svc.Stop}
	m.becomes(svc.StopPending)
	assert.Zero(t, m.ends())
	assert.Empty(t, m.log.list())
}

func TestServiceThatFailsTellsTheEventLogAndTheManager(t *testing.T) {
	for name, after := range map[string]bool{"before it runs": false, "while it runs": true} {
		t.Run(name, func(t *testing.T) {
			m := startService(t, func(_ context.Context, _ otelcol.CollectorSettings, started func()) error {
				if after {
					started()
				}
				return errors.New("no AWS region")
			})
			assert.Equal(t, uint32(windows.ERROR_EXCEPTION_IN_SERVICE), m.ends())
			assert.Equal(t, []string{"error 3 the service ends: no AWS region"}, m.log.list())
		})
	}
}

func TestServiceThatEndsByItselfHasFailed(t *testing.T) {
	m := startService(t, func(context.Context, otelcol.CollectorSettings, func()) error { return nil })
	assert.Equal(t, uint32(windows.ERROR_PROCESS_ABORTED), m.ends())
}

func TestServiceCanBeStoppedWhileItStarts(t *testing.T) {
	m := startService(t, func(ctx context.Context, _ otelcol.CollectorSettings, _ func()) error {
		<-ctx.Done()
		return nil
	})
	m.becomes(svc.StartPending)
	m.requests <- svc.ChangeRequest{Cmd: svc.Stop}
	m.becomes(svc.StopPending)
	assert.Zero(t, m.ends())
}

func TestServiceDoesNotReadWhatOthersMayChange(t *testing.T) {
	m := startChecked(t, func(context.Context, otelcol.CollectorSettings, func()) error {
		t.Error("the collector ran")
		return nil
	}, func(name string) error {
		assert.Equal(t, "otelcol-cloudwatch", name)
		return errors.New("x.yaml belongs to alice")
	})
	assert.Equal(t, uint32(windows.ERROR_EXCEPTION_IN_SERVICE), m.ends())
	assert.Equal(t, []string{"error 3 the service does not start: x.yaml belongs to alice"}, m.log.list())
}
