package cli

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/otelcol"
	"golang.org/x/term"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// firstSteps are what init does besides asking and writing.
func firstSteps(settings otelcol.CollectorSettings, v version.Info) initDeps {
	return initDeps{
		facts:      hostfacts.Process(),
		isTerminal: terminal,
		validate:   func(ctx context.Context, uris []string) error { return validate(ctx, settings, uris) },
		doctor: func(ctx context.Context, uris []string) error {
			f := doctorFlags{config: uris, format: "text", rootFS: "/", timeout: doctor.DefaultTimeout}
			o, err := f.options(settings, v)
			if err != nil {
				return err
			}
			report := doctor.Run(ctx, o)
			if err := f.write(os.Stdout, report); err != nil {
				return err
			}
			if report.Status == doctor.Problem {
				return errProblems
			}
			return nil
		},
		push: pushNew,
	}
}

// terminal reports whether a person is at the standard input. /dev/null is a device, too, and nobody is there.
func terminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// pushNew stores layers below a path, each in a parameter named after its file. Those that are there
// already are left alone, and are an error.
func pushNew(ctx context.Context, files map[string][]byte, target string) error {
	u, err := ssmstore.ParseURI(target)
	if err != nil {
		return err
	}
	store, end, err := openStore(ctx, u.Access())
	if err != nil {
		return err
	}
	defer end()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		name := u.Name + strings.TrimSuffix(file, ".yaml")
		if _, err := store.Push(ctx, name, files[file], ssmstore.PushOptions{Label: ssmstore.DefaultLabel, Description: "written by init"}); err != nil {
			return hinted(err)
		}
	}
	return nil
}
