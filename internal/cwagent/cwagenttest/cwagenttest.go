// Package cwagenttest is what tests of the converter share.
package cwagenttest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
)

// Samples is the folder of the CloudWatch agent's own schema and configurations, which are no part of this repository:
// CWAGENT_SAMPLES, or shared/cwagent beside it. Without it the test is skipped.
func Samples(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..")
	for _, folder := range []string{os.Getenv("CWAGENT_SAMPLES"), filepath.Join(root, "..", "shared", "cwagent")} {
		if _, err := os.Stat(filepath.Join(folder, "schema.json")); folder != "" && err == nil {
			return folder
		}
	}
	t.Skip("needs the CloudWatch agent's schema and samples: CWAGENT_SAMPLES names their folder")
	return ""
}

// Value is a document as the converter sees it.
func Value(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var value any
	require.NoError(t, d.Decode(&value))
	return value
}

// Node is the root of a document.
func Node(t testing.TB, text string) agentjson.Node {
	t.Helper()
	return agentjson.New(Value(t, []byte(text)))
}

// Golden compares with a file, or writes it.
func Golden(t testing.TB, update bool, path, got string) {
	t.Helper()
	if update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test of this package with -update writes it")
	assert.Equal(t, string(want), got, "go test of this package with -update writes it anew")
}

// Report is a report as text, an entry after the other.
func Report(r *report.Report) string {
	var out strings.Builder
	for _, e := range r.Entries {
		fmt.Fprintf(&out, "%s %s\n", e.Outcome, e.Path)
		for _, line := range []struct{ name, text string }{{"to", e.To}, {"message", e.Message}, {"instead", e.Instead}} {
			if line.text != "" {
				fmt.Fprintf(&out, "    %s: %s\n", line.name, line.text)
			}
		}
	}
	return out.String()
}
