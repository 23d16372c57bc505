package cli

import (
	"context"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
)

// anyPort is for commands beside a running collector, which has the configured port.
const anyPort = "127.0.0.1:0"

// openAccess makes the calls to AWS that happen before any extension has started take the route table:
// that of OTELCOL_CLOUDWATCH_ROUTES, or of the configuration as far as it is on this machine. It returns
// nil where there is none with process_proxy. args are those after the program's name.
func openAccess(ctx context.Context, args []string) (*awsaccess.Process, error) {
	listen := ""
	switch name := commandOf(args); name {
	case "": // the collector itself
	case "validate", "print-config":
		listen = anyPort
	default:
		return nil, nil // the others read no configuration, or have their own way to AWS
	}
	c, found, err := awsaccess.FromEnvironment(ctx)
	if err != nil {
		return nil, err
	}
	if !found {
		c, found = awsaccess.FromLayers(ctx, configsOf(args))
	}
	if !found || !c.ProcessProxy {
		return nil, nil
	}
	if listen == "" {
		listen = c.Listen
	}
	logging := zap.NewProductionConfig()
	logging.Encoding, logging.Level, logging.DisableStacktrace = "console", zap.NewAtomicLevelAt(zap.WarnLevel), true
	logger, err := logging.Build()
	if err != nil {
		return nil, err
	}
	process, err := awsaccess.OpenProcess(c, listen, logger)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", awsaccess.Extension, err)
	}
	return process, nil
}

// commandOf is the subcommand, empty for the collector itself. The collector's flags all take a value.
func commandOf(args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-h" || arg == "--help" || arg == "-v" || arg == "--version":
			return arg
		case !strings.HasPrefix(arg, "-"):
			return arg
		case !strings.Contains(arg, "="):
			i++ // its value
		}
	}
	return ""
}

// configsOf are the values of --config.
func configsOf(args []string) []string {
	var configs []string
	for i, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		switch {
		case name != "--config" && name != "-config":
		case ok:
			configs = append(configs, value)
		case i+1 < len(args):
			configs = append(configs, args[i+1])
		}
	}
	return configs
}
