package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor/render"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// Exit statuses of doctor. Any other error of the program is 1, too.
const (
	exitProblem   = 1
	exitUnchecked = 2
)

// statusError is an error that chooses the exit status.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// ExitStatus is the exit status of what Run returned.
func ExitStatus(err error) int {
	var e *statusError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.status
	}
	return 1
}

// errProblems ends doctor where it found some. The report has been printed.
var errProblems = &statusError{exitProblem, errors.New("doctor found problems")}

const doctorHelp = `Looks at what a collector on this host would meet, and prints it: where it
runs, region, credentials, every way to every AWS service, a signed call that
changes nothing, the clock, log files and the state folder.

It looks at the configuration that --config names, as the collector itself takes
it, or at the flags and the environment alone. Run it as the collector's user.

Exit status: 0 nothing is wrong, warnings aside; 1 there is a problem, which may
be a configuration or a route table that cannot be read; 2 nothing was checked,
because the command line is wrong or the report cannot be written.`

// doctorFlags are the command's.
type doctorFlags struct {
	config, sets, services                  []string
	region, routes, profile, format, rootFS string
	timeout                                 time.Duration
}

func newDoctorCommand(settings otelcol.CollectorSettings, v version.Info) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Checks region, credentials, routes to AWS, files and disk, and says what to do",
		Long:  doctorHelp,
		Example: `  otelcol-cloudwatch doctor --config /etc/otelcol-cloudwatch/host.yaml
  otelcol-cloudwatch doctor --region eu-central-1 --service logs,monitoring
  otelcol-cloudwatch doctor --routes routes.yaml --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &statusError{exitUnchecked, fmt.Errorf("doctor takes no argument such as %q; a configuration is named by --config", args[0])}
			}
			return nil
		},
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := f.options(settings, v)
			if err != nil {
				return &statusError{exitUnchecked, err}
			}
			report := doctor.Run(cmd.Context(), options)
			if err := f.write(cmd.OutOrStdout(), report); err != nil {
				return &statusError{exitUnchecked, err}
			}
			if report.Status == doctor.Problem {
				cmd.SilenceErrors = true
				return errProblems
			}
			return nil
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &statusError{exitUnchecked, err} })
	flags := cmd.Flags()
	flags.StringArrayVar(&f.config, "config", nil, "configuration to look at, as the collector takes it; may be repeated")
	flags.StringArrayVar(&f.sets, "set", nil, "a setting on top of it, such as exporters.cloudwatch_emf.region=eu-central-1; may be repeated")
	flags.StringVar(&f.region, "region", "", "region, instead of the configured one")
	flags.StringVar(&f.routes, "routes", "", "route table, instead of the configured one: a path, file:PATH or yaml:TEXT (default the value of "+awsaccess.Variable+")")
	flags.StringVar(&f.profile, "profile", "", "profile of the shared AWS files, instead of the configured credentials")
	flags.StringSliceVar(&f.services, "service", nil, "AWS service to look at, such as logs; may be repeated (default those that the configuration uses; without one, logs and sts)")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.StringVar(&f.rootFS, "root", "/", "where the host's file system is, for a container that has it elsewhere")
	flags.DurationVar(&f.timeout, "timeout", doctor.DefaultTimeout, "limit of all checks together")
	_ = flags.MarkHidden("root") // it is defined above
	return cmd
}

func (f *doctorFlags) options(settings otelcol.CollectorSettings, v version.Info) (doctor.Options, error) {
	o := doctor.Options{
		Sources: f.config, Region: f.region, Profile: f.profile, Routes: f.routes,
		Timeout: f.timeout, Build: v.Full(), Root: f.rootFS,
	}
	if f.format != "text" && f.format != "json" {
		return o, fmt.Errorf("--format %q is neither text nor json", f.format)
	}
	if f.timeout <= 0 {
		return o, fmt.Errorf("--timeout %s leaves no time; give one such as %s", f.timeout, doctor.DefaultTimeout)
	}
	if f.region != "" {
		if _, err := awsnames.ForRegion(f.region); err != nil {
			return o, fmt.Errorf("--region: %w", err)
		}
	}
	for _, name := range f.services {
		var s awsnames.Service
		if err := s.UnmarshalText([]byte(name)); err != nil {
			return o, fmt.Errorf("--service: %w", err)
		}
		if s == awsnames.All {
			o.Services = awsnames.Services()
			break
		}
		if !slices.Contains(o.Services, s) {
			o.Services = append(o.Services, s)
		}
	}
	uris, err := configURIs(f.config, f.sets)
	if err != nil {
		return o, err
	}
	if len(f.sets) > 0 && len(f.config) == 0 {
		return o, errors.New("--set changes a configuration: name it with --config")
	}
	if len(uris) > 0 {
		var level atomic.Pointer[reload.Trust]
		var whole atomic.Pointer[confmap.Conf]
		o.Resolve = f.resolver(settings, uris, func(conf *confmap.Conf, t reload.Trust) {
			level.Store(&t)
			whole.Store(conf)
		})
		o.Access = func() (c awsaccess.Config, ok bool, err error) {
			conf := whole.Load()
			if conf == nil {
				return c, false, nil
			}
			return awsaccess.FromConf(conf)
		}
		o.Trust = func() ([]string, trust.Policy) {
			if t := level.Load(); t != nil {
				return t.Fetched, t.Policy
			}
			return nil, trust.Policy{}
		}
		o.Running = func() (reload.Status, bool, error) { return reload.ReadStatus(reload.DefaultStateDir(), uris) }
	}
	return o, nil
}

// resolver reads a configuration as the collector does before it makes components of it. What lies in
// AWS is fetched by the route table, where there is one.
func (f *doctorFlags) resolver(settings otelcol.CollectorSettings, uris []string, seen func(*confmap.Conf, reload.Trust)) func(context.Context) (map[string]any, error) {
	return func(ctx context.Context) (_ map[string]any, err error) {
		restore, err := f.route(ctx, settings)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, restore()) }()
		return resolved(ctx, settings, uris, seen)
	}
}

// route makes the fetch of a configuration take the route table, where some of it is not on this
// machine. What it returns puts the environment back, which is looked at later.
func (f *doctorFlags) route(ctx context.Context, settings otelcol.CollectorSettings) (func() error, error) {
	nothing := func() error { return nil }
	if !slices.ContainsFunc(f.config, reload.FromAfar) || awsaccess.Current() != nil {
		return nothing, nil
	}
	var (
		c   awsaccess.Config
		err error
	)
	found := f.routes != ""
	if found {
		c, err = awsaccess.Load(ctx, f.routes)
	} else if c, found, err = awsaccess.FromEnvironment(ctx); !found {
		c, found, err = localAccess(ctx, settings, f.config)
	}
	if err != nil || !found {
		return nothing, err
	}
	const variable = "HTTPS_PROXY"
	before, set := os.LookupEnv(variable)
	restoreBase := awsaccess.SetBase(c)
	putBack := func() error {
		restoreBase()
		if set {
			return os.Setenv(variable, before)
		}
		return os.Unsetenv(variable)
	}
	process, err := awsaccess.OpenProcess(c, anyPort, zap.NewNop())
	if err != nil {
		return nothing, errors.Join(err, putBack())
	}
	return func() error { return errors.Join(process.Close(), putBack()) }, nil
}

func (f *doctorFlags) write(w io.Writer, r *doctor.Report) error {
	if f.format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	return render.Text(w, r)
}
