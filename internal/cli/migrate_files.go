package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// agentFiles are where an installed CloudWatch agent keeps what it runs with.
type agentFiles struct {
	// folder has the JSON files that fetch-config and append-config put there; single is what a container image or an
	// operator has instead.
	folder, single      string
	common, environment string
	// state has the offsets of its log files.
	state string
}

func installedAgent(goos string) agentFiles {
	if goos == "windows" {
		data := filepath.Join(os.Getenv("ProgramData"), "Amazon", "AmazonCloudWatchAgent")
		return agentIn(data, filepath.Join(data, "Configs"), filepath.Join(data, "Logs", "state"))
	}
	const etc = "/opt/aws/amazon-cloudwatch-agent/etc"
	return agentIn(etc, filepath.Join(etc, "amazon-cloudwatch-agent.d"), "/opt/aws/amazon-cloudwatch-agent/logs/state")
}

func agentIn(etc, folder, state string) agentFiles {
	return agentFiles{
		folder: folder, single: filepath.Join(etc, "amazon-cloudwatch-agent.json"), state: state,
		common: filepath.Join(etc, "common-config.toml"), environment: filepath.Join(etc, "env-config.json"),
	}
}

// configurations are the agent's folder, or its single file, where they are there.
func (a agentFiles) configurations() []string {
	if files, _ := jsonFiles(a.folder); len(files) > 0 {
		return []string{a.folder}
	}
	if _, err := os.Stat(a.single); err == nil {
		return []string{a.single}
	}
	return nil
}

// jsonFiles are those that the agent reads of a folder, by name: all files, whatever they are called, but for those that it
// has not taken over yet.
func jsonFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasSuffix(e.Name(), ".tmp") && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

func appendFiles(ctx context.Context, deps migrateDeps, files []agentjson.File, arg string) ([]agentjson.File, error) {
	if strings.HasPrefix(arg, ssmstore.Scheme+":") {
		text, err := deps.parameter(ctx, arg)
		return append(files, agentjson.File{Name: arg, Text: text}), err
	}
	paths := []string{arg}
	if info, err := os.Stat(arg); err == nil && info.IsDir() {
		if paths, err = jsonFiles(arg); err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("the folder %s has no file: name one that has the agent's configuration", arg)
		}
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, agentjson.File{Name: path, Text: text})
	}
	return files, nil
}
