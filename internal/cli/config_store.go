package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// storeDeps are what the commands around Parameter Store call, and what a test replaces.
type storeDeps struct {
	// validate is the collector's dry run of --config values.
	validate func(ctx context.Context, uris []string) error
	// diff shows what differs between two documents, without secrets; it is empty where only comments or
	// the order do.
	diff func(before, after string) string
	// isTerminal says whether the command's input is a person. Default: whether the standard input is.
	isTerminal func() bool
	// open makes a store for a way to AWS. Default: over the operator's routes, with their credentials.
	open func(context.Context, awsconfig.Config) (*ssmstore.Store, func(), error)
}

// newConfigStoreCommands keeps configurations in Parameter Store.
func newConfigStoreCommands(deps storeDeps) []*cobra.Command {
	if deps.isTerminal == nil {
		deps.isTerminal = terminal
	}
	if deps.open == nil {
		deps.open = openStore
	}
	commands := []*cobra.Command{
		newConfigPushCommand(deps), newConfigPullCommand(deps), newConfigListCommand(deps),
		newConfigHistoryCommand(deps), newConfigRollbackCommand(deps), newConfigDeleteCommand(deps), newConfigPruneCommand(deps),
	}
	for _, c := range commands {
		c.SilenceUsage = true
	}
	return commands
}

func openStore(ctx context.Context, c awsconfig.Config) (*ssmstore.Store, func(), error) {
	session, err := awsaccess.NewSession(ctx, c, awsconfig.Options{UserAgent: "otelcol-cloudwatch/" + version.Current().Full()})
	if err != nil {
		return nil, nil, err
	}
	return ssmstore.New(session.Config, ssmstore.Options{}), session.Close, nil
}

// storeFlags are those of all commands around Parameter Store.
type storeFlags struct{ region, roleARN string }

func (f *storeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.region, "region", "", "region of the parameters (default that of the environment, or of the route table)")
	cmd.Flags().StringVar(&f.roleARN, "role-arn", "", "role to assume for them")
}

// parse reads the argument of a command, and puts the flags into it. what says what it names.
func (f *storeFlags) parse(arg, what string) (ssmstore.URI, error) {
	u, err := ssmstore.ParseURI(arg)
	if err != nil {
		return u, err
	}
	for _, o := range []struct {
		flag, value string
		to          *string
	}{{"region", f.region, &u.Region}, {"role-arn", f.roleARN, &u.RoleARN}} {
		if o.value != "" && *o.to != "" && *o.to != o.value {
			return u, fmt.Errorf("--%s %s contradicts %s in %s: leave one out", o.flag, o.value, *o.to, u)
		}
		*o.to = cmp.Or(o.value, *o.to)
	}
	if u.Key != "" || u.HasDefault || u.Optional || u.Poll != 0 {
		return u, fmt.Errorf("%s names %s: keys, defaults, poll and optional are for the collector; leave them out", ssmstore.Scheme+":"+u.Ref.String(), what)
	}
	return u, u.Access().Validate()
}

// parameter is parse for commands about one parameter without a version or label.
func (f *storeFlags) parameter(arg string) (ssmstore.URI, error) {
	u, err := f.parse(arg, "a parameter")
	switch {
	case err != nil:
		return u, err
	case u.IsPath():
		return u, fmt.Errorf("%s is a path, and one parameter is needed\nhint: config list %s shows what is below it", arg, arg)
	case u.Version != 0 || u.Label != "":
		return u, fmt.Errorf("%s names a version, and the parameter is meant: leave the part after the colon out", arg)
	}
	return u, nil
}

// with opens the store of a URI for as long as do runs.
func (d storeDeps) with(ctx context.Context, u ssmstore.URI, do func(*ssmstore.Store) error) error {
	store, end, err := d.open(ctx, u.Access())
	if err != nil {
		return err
	}
	defer end()
	return hinted(do(store))
}

// hinted puts what is to be done about an error into a line of its own.
func hinted(err error) error {
	var e *ssmstore.Error
	if !errors.As(err, &e) || e.Remedy == "" {
		return err
	}
	return &hintedError{err: err, remedy: e.Remedy}
}

type hintedError struct {
	err    error
	remedy string
}

func (e *hintedError) Error() string {
	return strings.Replace(e.err.Error(), "; "+e.remedy, "", 1) + "\nhint: " + e.remedy
}

func (e *hintedError) Unwrap() error { return e.err }

// confirm asks a person. Nobody is asked where there is none.
func (d storeDeps) confirm(in io.Reader, out io.Writer, question string) error {
	if !d.isTerminal() {
		return errors.New("nothing is changed without a yes, and the input is no terminal\nhint: look at it with --dry-run, then give --yes")
	}
	if err := say(out, "%s [y/N] ", question); err != nil {
		return err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return errors.New("nothing is changed")
	}
	return nil
}

// grouped writes a number of bytes.
func grouped(bytes int) string {
	if bytes == ssmstore.Unknown {
		return "?"
	}
	text := fmt.Sprint(bytes)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
