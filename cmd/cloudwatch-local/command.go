package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// shutdownTimeout is how long requests in flight may take to end.
const shutdownTimeout = 5 * time.Second

// flags are the command line.
type flags struct {
	options    awslocal.Options
	caDir      string
	faults     []string
	watch      bool
	watchNames []string
	commandLog string
}

func newCommand() *cobra.Command {
	var f flags
	command := &cobra.Command{
		Use:   "cloudwatch-local [flags] [-- COMMAND [ARG]...]",
		Short: "A strict local CloudWatch: Logs, metrics and EMF, SSM parameters, STS, X-Ray, EC2 and ECS metadata.",
		Long: `cloudwatch-local serves the AWS APIs that otelcol-cloudwatch talks to, on loopback.

With a COMMAND it runs that with the environment that points AWS clients to this server, and ends
when the command ends. Ctrl-C ends both.`,
		Version:       version.Current().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return f.run(ctx, args, command.OutOrStdout())
		},
	}
	command.SetContext(context.Background())
	o, set := &f.options, command.Flags()
	set.StringVar(&o.Listen, "listen", "127.0.0.1:4566", "address for plain HTTP")
	set.StringVar(&o.ListenTLS, "listen-tls", "", "address for TLS (default: none)")
	set.StringVar(&f.caDir, "ca-dir", "", "folder that keeps the TLS authority, made at the first start (default: a new authority each time)")
	set.StringVar(&o.Region, "region", awslocal.DefaultRegion, "the region that this server stands for")
	set.StringVar(&o.Account, "account", awslocal.DefaultAccount, "the account's 12 digits")
	set.StringVar(&o.AccessKeyID, "access-key-id", awslocal.DefaultAccessKeyID, "access key of the one IAM user")
	set.StringVar(&o.SecretAccessKey, "secret-access-key", awslocal.DefaultSecretAccessKey, "secret key of the one IAM user")
	set.Int64Var(&o.MaxLogBytes, "max-log-bytes", 0, "bound on the log events in memory, in bytes; the oldest go first (default: 512 MiB)")
	set.BoolVar(&o.OmitSequenceToken, "omit-sequence-token", false, "answer PutLogEvents without the deprecated nextSequenceToken")
	set.BoolVar(&o.IgnoreQuotas, "ignore-quotas", false, "do not enforce the account's request rates")
	set.BoolVar(&o.EC2, "ec2-metadata", false, "serve the EC2 instance metadata service")
	set.BoolVar(&o.ECS, "ecs-metadata", false, "serve the ECS task metadata and credentials endpoints")
	set.StringArrayVar(&f.faults, "fault", nil, "a fault from the start, such as throttle,operation=PutLogEvents,every=3 (repeatable)")
	set.Uint64Var(&o.Seed, "seed", 0, "seed of faults by probability")
	set.BoolVar(&f.watch, "watch", false, "print what arrives")
	set.StringSliceVar(&f.watchNames, "watch-metrics", nil, "names of the metrics to print, * matches any characters (default: all)")
	set.StringVar(&f.commandLog, "command-log", "", "file for COMMAND's output (default: this terminal)")
	return command
}

func (f *flags) run(ctx context.Context, args []string, out io.Writer) (err error) {
	f.options.Version = version.Current().String()
	for _, text := range f.faults {
		rule, err := faults.ParseRule(text)
		if err != nil {
			return err
		}
		f.options.Faults = append(f.options.Faults, rule)
	}
	if f.options.ListenTLS != "" && f.caDir != "" {
		if f.options.Authority, err = loadAuthority(f.caDir); err != nil {
			return err
		}
	}
	var events *eventPrinter
	if f.watch {
		events = newEventPrinter(out)
		f.options.OnLogEvent = events.add
	}
	server, err := awslocal.New(f.options)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		if stopped := server.Shutdown(end); err == nil {
			err = stopped
		}
	}()
	printBanner(out, server, f.options)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if f.watch {
		done := watch(ctx, server, events, f.watchNames)
		defer func() { cancel(); <-done }()
	}
	if len(args) > 0 {
		return runCommand(ctx, args, server.Env(), f.commandLog)
	}
	<-ctx.Done()
	return nil
}

// loadAuthority reads the authority in dir, or makes one there.
func loadAuthority(dir string) (*certs.Authority, error) {
	authority, err := certs.Load(dir, time.Now())
	if err == nil {
		return authority, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if authority, err = certs.New(time.Now()); err != nil {
		return nil, err
	}
	return authority, authority.Save(dir)
}

func printBanner(out io.Writer, server *awslocal.Server, o awslocal.Options) {
	fmt.Fprintf(out, "cloudwatch-local %s\n\n", o.Version)
	fmt.Fprintf(out, "  page       %s\n", server.URL)
	if server.TLSURL != "" {
		fmt.Fprintf(out, "  TLS        %s   (trust %s/_control/ca.pem)\n", server.TLSURL, server.URL)
	}
	fmt.Fprintf(out, "  account    %s in %s\n\n", o.Account, o.Region)
	fmt.Fprintf(out, "  export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_DEFAULT_REGION=%s \\\n", server.URL, o.Region, o.Region)
	fmt.Fprintf(out, "    AWS_ACCESS_KEY_ID=%s \\\n    AWS_SECRET_ACCESS_KEY=%s\n\n", o.AccessKeyID, o.SecretAccessKey)
}
