// Package cwagent converts configurations of the CloudWatch agent into layers of collector configuration, and says of each
// setting what became of it. Nothing of it reads a file, a network or an environment.
package cwagent

import (
	"errors"
	"fmt"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/logs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/opentelemetry"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/received"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/shape"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/surroundings"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/traces"
)

// converters are those of the sections.
var converters = []func(*section.Context){
	metrics.Shared, metrics.Convert, received.Convert, logs.Convert, traces.Convert, opentelemetry.Convert,
}

// Input is what the agent of a host reads.
type Input struct {
	// OS is the host's: linux, windows or darwin.
	OS string
	// Files are its JSON files or parameters, one at least.
	Files []agentjson.File
	// CommonConfig is common-config.toml, and Environment env-config.json. Empty where there is none.
	CommonConfig, Environment []byte
}

// Result is what was made.
type Result struct {
	// Layers are files of collector configuration by name, for one folder.
	Layers map[string][]byte
	// Environment are variables that the collector needs, NAME=value.
	Environment []string
	// Report has what became of each setting.
	Report report.Report
	// Empty: nothing of it could be converted, so that there is nothing to run.
	Empty bool
}

// LayerNames are the names of all layers that Convert may make.
func LayerNames() []string {
	return []string{section.Base, section.Access, section.Metrics, section.Logs, section.Traces, section.OTel}
}

// ErrInvalid is in the error of a configuration that the agent would not accept.
var ErrInvalid = errors.New("not a configuration of the CloudWatch agent")

// Merged is the agent's configuration as one document, by its own rules.
func Merged(in Input) (agentjson.Node, error) {
	root, err := agentjson.Merge(in.Files)
	if err != nil {
		return root, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return root, nil
}

// Convert converts. The error says what the agent would not accept, with paths; the report has it too.
func Convert(in Input) (Result, error) {
	root, err := Merged(in)
	if err != nil {
		return Result{}, err
	}
	common, err := surroundings.ParseCommonConfig(in.CommonConfig)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	environment, err := surroundings.ParseEnvironment(in.Environment)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	c := section.New(in.OS, root)
	result := Result{Layers: map[string][]byte{}}
	shape.Check(root, c.Report)
	if err := c.Report.Err(); err != nil {
		c.Report.Sort()
		result.Report = *c.Report
		return result, fmt.Errorf("%w:\n%w", ErrInvalid, err)
	}
	for _, convert := range converters {
		convert(c)
	}
	if err := c.Report.Err(); err != nil { // what no schema finds
		c.Report.Sort()
		result.Report = *c.Report
		return result, fmt.Errorf("%w:\n%w", ErrInvalid, err)
	}
	surroundings.ConvertAgent(c)
	result.Environment = surroundings.Convert(c, common, environment)
	if err := writeBase(c); err != nil {
		return Result{}, err
	}
	for _, leaf := range root.Leaves() {
		if !c.Report.Covers(leaf) {
			c.Report.Lost(leaf, "this setting is not known to this version", "see whether docs/agent-metrics.md or the README of a component has it")
		}
	}
	result.Empty = true
	for _, l := range c.Layers() {
		result.Empty = result.Empty && !l.Has("service", "pipelines")
		if result.Layers[l.Name()], err = l.Text(); err != nil {
			return Result{}, err
		}
	}
	c.Report.Sort()
	result.Report = *c.Report
	return result, nil
}
