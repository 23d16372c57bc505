package cli

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/otelcol"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// runService runs the collector under the Windows service manager. It returns false where the
// process was started in another way. svc.Run finds the service's name itself.
func runService(settings otelcol.CollectorSettings) (bool, error) {
	err := svc.Run("", otelcol.NewSvcHandler(settings))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT): // not started by the service manager
		return false, nil
	default:
		return true, fmt.Errorf("run as a Windows service: %w", err)
	}
}
