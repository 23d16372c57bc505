package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/comparison"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
)

const migrateCheckHelp = `Compares what a converted configuration sends with what the CloudWatch agent's
configuration declares. The collector runs for some seconds on this host, with a
folder of its own for its state; it sends nothing, listens to nobody and reads no
log file. Names, dimensions and units of metrics are those that it really made;
groups and streams of log files are compared as they are written.

The exit status is 1 where something is missing that the conversion's report does
not name, or has another unit.`

type migrateCheckFlags struct {
	migrateAgentFlags
	configs []string
	limit   time.Duration
}

func newMigrateCheckCommand(settings otelcol.CollectorSettings, deps migrateDeps) *cobra.Command {
	var f migrateCheckFlags
	cmd := &cobra.Command{
		Use:          "check [FILE|FOLDER|ssm:NAME]...",
		Short:        "Compares what a converted configuration sends with what the agent's declares",
		Long:         migrateCheckHelp,
		Example:      "  otelcol-cloudwatch migrate check --config dir:otelcol-cloudwatch.d",
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.check(cmd, deps, args, func(ctx context.Context) (map[string]any, error) { return resolved(ctx, settings, f.configs, nil) })
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.configs, "config", []string{"dir:otelcol-cloudwatch.d"}, "converted configuration, as the collector takes it; may be repeated")
	flags.DurationVar(&f.limit, "limit", 20*time.Second, "how long metrics are waited for")
	flags.StringVar(&f.format, "format", "text", "text, or json")
	f.os = runtime.GOOS
	return cmd
}

// checkReport is what check found out.
type checkReport struct {
	Version int                     `json:"version"`
	Metrics []comparison.Finding    `json:"metrics"`
	Logs    []comparison.LogFinding `json:"logs"`
}

func (f *migrateCheckFlags) check(cmd *cobra.Command, deps migrateDeps, args []string, load func(context.Context) (map[string]any, error)) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q is neither text nor json", f.format)
	}
	in, err := f.input(cmd.Context(), deps, args)
	if err != nil {
		return err
	}
	result, err := cwagent.Convert(in)
	if err != nil {
		return err
	}
	root, err := cwagent.Merged(in)
	if err != nil {
		return err
	}
	config, err := load(cmd.Context())
	if err != nil {
		return err
	}
	lost := func(path string) bool {
		return slices.ContainsFunc(result.Report.Entries, func(e report.Entry) bool {
			return e.Outcome == report.Lost && (e.Path == path || strings.HasPrefix(path, e.Path+"/"))
		})
	}
	sent, err := f.trial(cmd.Context(), config, func(sent []comparison.Metric) bool {
		return complete(comparison.Compare(comparison.Declared(root, comparison.ScopeOf(sent)), sent, lost))
	})
	if err != nil {
		return err
	}
	found := checkReport{
		Version: report.Version,
		Metrics: comparison.Compare(comparison.Declared(root, comparison.ScopeOf(sent)), sent, lost),
		Logs:    comparison.CompareLogs(root, config),
	}
	return f.tell(cmd.OutOrStdout(), found)
}

func complete(findings []comparison.Finding) bool {
	return !slices.ContainsFunc(findings, func(f comparison.Finding) bool { return f.Result == comparison.Missing })
}

// trial runs the collector until enough was printed, or the time is over.
func (f *migrateCheckFlags) trial(ctx context.Context, config map[string]any, enough func([]comparison.Metric) bool) ([]comparison.Metric, error) {
	folder, err := os.MkdirTemp("", "otelcol-cloudwatch-check-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // a temporary folder
	layer, ok := comparison.Trial(config, folder, "2s")
	if !ok {
		return nil, nil
	}
	text, err := yaml.Marshal(layer)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.limit)
	defer cancel()
	arguments := []string{}
	for _, uri := range f.configs {
		arguments = append(arguments, "--config", uri)
	}
	collector := exec.CommandContext(ctx, program, append(arguments, "--config", "yaml:"+string(text))...)
	collector.Env = append(os.Environ(), "OTELCOL_CLOUDWATCH_STATE_DIR="+folder)
	if os.Getenv("AWS_REGION") == "" {
		collector.Env = append(collector.Env, "AWS_REGION=us-east-1") // nothing is sent there
	}
	var said lockedText
	collector.Stderr = &said
	out, err := collector.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := collector.Start(); err != nil {
		return nil, err
	}
	var sent []comparison.Metric
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 2<<20) // a document has at most 1 MiB
	done := false
	for lines.Scan() {
		if metrics := comparison.Document(lines.Bytes()); len(metrics) > 0 {
			sent = append(sent, metrics...)
			if done = enough(sent); done {
				break
			}
		}
	}
	ended := ctx.Err() == nil && !done
	cancel()
	err = collector.Wait() // it was ended
	if ended {
		return nil, fmt.Errorf("the collector ended by itself: %w\n%s", err, said.String())
	}
	if len(sent) == 0 {
		return nil, fmt.Errorf("the collector printed no metric in %s; --limit gives it more time\n%s", f.limit, said.String())
	}
	return sent, nil
}

// lockedText is what a program says while it is read.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var errMigrateDiffers = errors.New("not all that the agent's configuration declares was sent: see above\nhint: what this host does not have, such as swap, is not sent; --limit gives slow metrics more time")

func (f *migrateCheckFlags) tell(out io.Writer, found checkReport) error {
	counts := map[comparison.Result]int{}
	for _, m := range found.Metrics {
		counts[m.Result]++
	}
	for _, l := range found.Logs {
		counts[l.Result]++
	}
	if f.format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(found); err != nil {
			return err
		}
	} else {
		for _, m := range found.Metrics {
			if m.Result == comparison.Same {
				continue
			}
			line := m.Metric.String()
			if m.Sent != "" {
				line += ", sent as " + m.Sent
			}
			if err := say(out, "%-10s  %s\n", m.Result, line); err != nil {
				return err
			}
		}
		for _, l := range found.Logs {
			if l.Result == comparison.Same {
				continue
			}
			if err := say(out, "%-10s  %s\n", l.Result, l); err != nil {
				return err
			}
		}
		if err := say(out, "%d the same, %d missing, %d with another unit, %d lost as reported, %d more\n", counts[comparison.Same], counts[comparison.Missing], counts[comparison.OtherUnit], counts[comparison.Known], counts[comparison.Extra]); err != nil {
			return err
		}
	}
	if counts[comparison.Missing]+counts[comparison.OtherUnit] > 0 {
		return errMigrateDiffers
	}
	return nil
}
