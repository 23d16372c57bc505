package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/guide"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layerfolder"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// initDeps are what init calls, and what a test replaces.
type initDeps struct {
	// facts tells about this host.
	facts *hostfacts.Finder
	// isTerminal says whether the command's input is a person.
	isTerminal func() bool
	// validate is the collector's dry run of --config values.
	validate func(ctx context.Context, uris []string) error
	// doctor prints its report of --config values; it fails where there is a problem.
	doctor func(ctx context.Context, uris []string) error
	// judge says what hosts would refuse in these layers when they fetch them. nil: nothing.
	judge func(ctx context.Context, uris []string) error
	// push stores layers below a path, ssm:/path/, which ends in a slash.
	push func(ctx context.Context, files map[string][]byte, target string) error
}

const initHelp = `Asks what to collect, where it goes, by which way and as whom, and writes a
commented configuration: a folder of layers for --config dir:FOLDER, or with
--push parameters for --config ssm:PATH/. Then it runs validate and doctor, and
says how the collector is started.

Every question has a flag. With --yes nothing is asked: what no flag says is taken
as it would be proposed.`

type initFlags struct {
	output, push, os        string
	yes, force, skip        bool
	outputGiven, anotherOne bool
}

func newInitCommand(deps initDeps) *cobra.Command {
	var f initFlags
	questions := guide.Questions()
	answers := make([]string, len(questions))
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Writes a first configuration from a few answers, and checks it",
		Long:  initHelp,
		Example: `  otelcol-cloudwatch init
  otelcol-cloudwatch init --yes --region eu-central-1 --output /etc/otelcol-cloudwatch/config.d
  otelcol-cloudwatch init --yes --route private-vif --endpoint-logs vpce-… --push ssm:/fleet/web`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := map[string]string{}
			for i, q := range questions {
				if cmd.Flags().Changed(q.Flag) {
					given[q.Flag] = answers[i]
				}
			}
			f.outputGiven = cmd.Flags().Changed("output")
			return f.run(cmd, deps, given)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false // in the order of the questions
	for i, q := range questions {
		flags.StringVar(&answers[i], q.Flag, "", q.Usage)
	}
	flags.StringVar(&f.output, "output", "otelcol-cloudwatch.d", "folder to write to; it is made where it is missing")
	flags.StringVar(&f.push, "push", "", "store in Parameter Store below this path, such as ssm:/fleet/web, instead of writing a folder")
	flags.StringVar(&f.os, "os", runtime.GOOS, "system that the configuration is for: linux, windows or darwin")
	flags.BoolVar(&f.yes, "yes", false, "ask nothing: take what is proposed")
	flags.BoolVar(&f.force, "force", false, "replace layers that the folder already has")
	flags.BoolVar(&f.skip, "skip-checks", false, "neither validate nor doctor: the configuration is for another host")
	return cmd
}

func (f *initFlags) run(cmd *cobra.Command, deps initDeps, given map[string]string) error {
	if err := f.check(deps); err != nil {
		return err
	}
	var in io.Reader
	if !f.yes {
		in = cmd.InOrStdin()
	}
	out := cmd.OutOrStdout()
	found := guide.Look(cmd.Context(), deps.facts, f.os, filepath.Glob)
	answers, err := guide.Interview(found, given, in, out)
	if err != nil {
		return err
	}
	files, err := guide.Files(answers)
	if err != nil {
		return err
	}
	if f.push != "" {
		return f.store(cmd.Context(), deps, out, answers, files)
	}
	return f.write(cmd.Context(), deps, out, answers, files)
}

// check says what is wrong with the flags before anybody is asked anything.
func (f *initFlags) check(deps initDeps) error {
	f.anotherOne = f.os != runtime.GOOS
	switch {
	case f.os != "linux" && f.os != "windows" && f.os != "darwin":
		return fmt.Errorf("--os %q is not one of linux, windows, darwin", f.os)
	case f.push != "" && f.outputGiven:
		return errors.New("--output and --push are both given: the configuration is kept in one place; leave one out")
	case f.push != "" && !strings.HasPrefix(f.push, "ssm:/"):
		return fmt.Errorf("--push %q is not a path of Parameter Store: give one such as ssm:/fleet/web", f.push)
	case !f.yes && !deps.isTerminal():
		return errors.New("init asks questions, and its input is no terminal: give --yes to take what is proposed, and flags for the rest")
	}
	if f.push != "" {
		return nil
	}
	folder, err := filepath.Abs(f.output)
	if err != nil {
		return err
	}
	f.output = folder
	return layerfolder.Check(folder, guide.Layers, f.force)
}

func (f *initFlags) write(ctx context.Context, deps initDeps, out io.Writer, a guide.Answers, files map[string][]byte) error {
	if err := layerfolder.Write(f.output, guide.Layers, files, f.force); err != nil {
		return err
	}
	if err := say(out, "\nWritten to %s: %s\n", f.output, strings.Join(guide.Names(files), ", ")); err != nil {
		return err
	}
	uri := "dir:" + filepath.ToSlash(f.output)
	if !f.checks() {
		return say(out, "Not checked here: it is for another host.\n\n%s", a.Next(uri))
	}
	if err := deps.validate(ctx, []string{uri}); err != nil {
		return fmt.Errorf("%s has been written, and the collector would not take it: %w", f.output, err)
	}
	return f.examine(ctx, deps, out, a, uri)
}

// store validates the layers before anybody can read them.
func (f *initFlags) store(ctx context.Context, deps initDeps, out io.Writer, a guide.Answers, files map[string][]byte) error {
	if f.checks() {
		var uris []string
		for _, name := range guide.Names(files) {
			uris = append(uris, "yaml:"+string(files[name]))
		}
		if err := deps.validate(ctx, uris); err != nil {
			return fmt.Errorf("nothing has been stored, as the collector would not take it: %w", err)
		}
		if err := f.judge(ctx, deps, out, uris); err != nil {
			return err
		}
	}
	target := strings.TrimRight(f.push, "/") + "/"
	if err := deps.push(ctx, files, target); err != nil {
		return err
	}
	if err := say(out, "\nStored below %s: %s\n", target, strings.Join(guide.Names(files), ", ")); err != nil {
		return err
	}
	if !f.checks() {
		return say(out, "Not checked here: it is for another host.\n\n%s", a.Next(target))
	}
	return f.examine(ctx, deps, out, a, target)
}

// judge says what the hosts have to allow, where they refuse the layers otherwise.
func (f *initFlags) judge(ctx context.Context, deps initDeps, out io.Writer, uris []string) error {
	if deps.judge == nil {
		return nil
	}
	var refused *trust.Error
	if err := deps.judge(ctx, uris); !errors.As(err, &refused) {
		return err
	}
	names := make([]string, 0, len(trust.Capabilities))
	for _, c := range refused.Capabilities() {
		names = append(names, string(c))
	}
	return say(out, "\nHosts refuse some of this in layers that they fetch, unless they are started with --set remote_layers.allow=[%s],\nor have that in a layer of their own:\n%v\n", strings.Join(names, ","), refused)
}

func (f *initFlags) checks() bool { return !f.skip && !f.anotherOne }

// examine runs doctor in the environment that the collector is to be started with.
func (f *initFlags) examine(ctx context.Context, deps initDeps, out io.Writer, a guide.Answers, uri string) error {
	if err := say(out, "The collector would take it. What it would meet on this host:\n\n"); err != nil {
		return err
	}
	restore, err := setenv(a.Variables())
	if err != nil {
		return err
	}
	problem := deps.doctor(ctx, []string{uri})
	if err := errors.Join(restore(), say(out, "\n%s", a.Next(uri))); err != nil {
		return err
	}
	if problem != nil {
		return fmt.Errorf("the configuration is right, and something on this host is not; see above: %w", problem)
	}
	return nil
}

// setenv sets NAME=value. What it returns puts back what was there.
func setenv(variables []string) (restore func() error, err error) {
	type before struct {
		name, value string
		set         bool
	}
	var old []before
	restore = func() error {
		var errs []error
		for _, b := range old {
			if b.set {
				errs = append(errs, os.Setenv(b.name, b.value))
			} else {
				errs = append(errs, os.Unsetenv(b.name))
			}
		}
		return errors.Join(errs...)
	}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		was, set := os.LookupEnv(name)
		old = append(old, before{name, was, set})
		if err := os.Setenv(name, value); err != nil {
			return restore, errors.Join(err, restore())
		}
	}
	return restore, nil
}

func say(out io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(out, format, args...)
	return err
}
