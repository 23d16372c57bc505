package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/positions"
)

// takeOver makes the receivers of a converted folder go on where the agent of this host stopped.
func (f *migrateAgentFlags) takeOver(ctx context.Context, out io.Writer, folder string) error {
	layers, err := layersOf(folder)
	if err != nil {
		return err
	}
	receivers, err := positions.Receivers(layers, os.LookupEnv)
	if err != nil {
		return err
	}
	taken, err := checkpoints.Agent{State: f.state, Storage: f.storage, Receivers: receivers, DryRun: f.dryRun}.TakeOver(ctx)
	if err != nil {
		return err
	}
	if !f.dryRun {
		if err := giveToOwner(f.storage); err != nil {
			return err
		}
	}
	if f.format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if taken == nil {
			taken = []positions.Taken{}
		}
		return encoder.Encode(map[string]any{"version": 1, "positions": taken})
	}
	for _, one := range taken {
		if err := say(out, "%s\n", one); err != nil {
			return err
		}
	}
	if len(taken) == 0 {
		return say(out, "The agent has no positions in %s.\n", f.state)
	}
	if f.dryRun {
		return say(out, "Nothing was written: --dry-run.\n")
	}
	return say(out, "Written to %s.\n", f.storage)
}

// layersOf are the layers of a folder by name.
func layersOf(folder string) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has no layers: convert first, without --positions, or name the folder with --output", folder)
	}
	layers := map[string][]byte{}
	for _, path := range paths {
		if layers[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return layers, nil
}
