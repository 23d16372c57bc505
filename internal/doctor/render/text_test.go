package render

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor"
)

var update = flag.Bool("update", false, "write the golden files")

// report has every kind of line.
var report = &doctor.Report{
	Version: doctor.ReportVersion, Generated: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC), Build: "1.2.3", Status: doctor.Problem, DurationMS: 3120,
	Sections: []doctor.Section{
		{ID: "configuration", Title: "Configuration", Checks: []doctor.Check{
			{ID: "configuration.source", Title: "Source", Status: doctor.OK, Detail: "2 pipelines", DurationMS: 3, Facts: []doctor.Fact{
				{Name: "from", Value: "/etc/otelcol-cloudwatch/host.yaml"}, {Name: "from", Value: "/etc/otelcol-cloudwatch/routes.yaml"},
			}},
			{ID: "configuration.path.awsemf", Title: "Path of awsemf", Status: doctor.Problem, Detail: "logs would not take the table's way: this component does not know the table", Remedy: "set process_proxy: true in endpoint_routing"},
		}},
		{ID: "logs", Title: "CloudWatch Logs (logs)", Checks: []doctor.Check{
			{ID: "logs.route.private-vif", Title: "Route private-vif (vpc_endpoints)", Status: doctor.Warning, Detail: "works in 12 ms, but not at every address", DurationMS: 12,
				Remedy: "let TCP 443 through: security group of the interface endpoint, firewall, VPN or Direct Connect",
				Facts: []doctor.Fact{
					{Name: "vpce-0a1b2c3d4e5f60001-logslogs-eu-central-1a.logs.eu-central-1.vpce.amazonaws.com", Value: "10.0.1.10 (private), TCP 4 ms, TLS 1.3 8 ms"},
					{Name: "vpce-0a1b2c3d4e5f60001-logslogs-eu-central-1b.logs.eu-central-1.vpce.amazonaws.com", Value: "10.0.2.10 (private), TCP: i/o timeout"},
					{Name: "certificate", Value: "logs.eu-central-1.amazonaws.com and 3 more"},
					{Name: "issued by", Value: "CN=Amazon RSA 2048 M02,O=Amazon,C=US"},
					{Name: "valid until", Value: "2027-05-01 00:00:00 UTC"},
				}},
			{ID: "logs.route.internet", Title: "Route internet (public)", Status: doctor.NotChecked, Detail: "policy private_only excludes public"},
		}},
	},
}

func TestReportAsText(t *testing.T) {
	var text strings.Builder
	require.NoError(t, Text(&text, report))
	golden(t, "report.txt", text.String())
	for line := range strings.Lines(text.String()) {
		if words := strings.Fields(line); len(words) > 1 { // a name that is longer stands alone
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), width, line)
		}
		assert.Equal(t, strings.TrimRight(line, " \n")+"\n", line)
	}
}

func TestReportAsJSON(t *testing.T) {
	text, err := json.MarshalIndent(report, "", "  ")
	require.NoError(t, err)
	golden(t, "report.json", string(text)+"\n")
	var again doctor.Report
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, *report, again)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), got, "go test -update writes it")
}

func TestLongWordsStayWhole(t *testing.T) {
	word := strings.Repeat("x", 100)
	assert.Equal(t, []string{"a", "  " + word, "  b c"}, wrap("a "+word+" b c", 10, 2))
	assert.Equal(t, []string{""}, wrap("", 10, 2))
}

func TestNamesOfFilesMakeNoLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := doctor.Report{Sections: []doctor.Section{{Title: "Files", Checks: []doctor.Check{{Title: "a", Status: doctor.Problem, Facts: []doctor.Fact{
		{Name: "cannot be read", Value: "/l/ä\n  ok\x1b[2J"}, {Name: "x", Value: strings.Repeat("y", 90) + "\x1b[1m\u202e"},
	}}}}}}
	require.NoError(t, Text(&out, &r))
	assert.Contains(t, out.String(), `/l/ä\n  ok\x1b[2J`)
	assert.Contains(t, out.String(), `\x1b[1m\u202e`)
	assert.NotContains(t, out.String(), "\x1b")
}
