package manpage

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func example() *cobra.Command {
	root := &cobra.Command{Use: "tool", Short: "Does it", Run: func(*cobra.Command, []string) {}}
	root.Flags().StringArray("config", nil, "`LOCATION` of a configuration")
	group := &cobra.Command{Use: "group", Short: "Has others"}
	leaf := &cobra.Command{
		Use: "leaf FILE", Short: "Short of leaf", Long: "Long of leaf.\n\n.hidden 'quoted' back\\slash",
		Example: "  tool group leaf x", Run: func(*cobra.Command, []string) {},
	}
	leaf.Flags().IntP("count", "c", 3, "how many")
	leaf.Flags().Bool("secret", false, "not shown")
	_ = leaf.Flags().MarkHidden("secret")
	group.AddCommand(leaf, &cobra.Command{Use: "internal", Hidden: true, Run: func(*cobra.Command, []string) {}})
	root.AddCommand(group)
	return root
}

func written(t *testing.T, root *cobra.Command) string {
	t.Helper()
	var out bytes.Buffer
	date := time.Date(2026, 11, 22, 23, 0, 0, 0, time.FixedZone("", -7200))
	require.NoError(t, Write(&out, root, "1.2.3", date, Section{"FILES", [][2]string{{"/etc/tool", "Its folder."}, {"", "A paragraph."}}}))
	return out.String()
}

func TestPageHasWhatHelpSays(t *testing.T) {
	page := written(t, example())
	for _, want := range []string{
		`.TH "TOOL" 1 2026-11-23 "tool 1.2.3"`, `tool \- Does it`,
		".B \"\\-\\-config LOCATION\"\nLOCATION of a configuration\n",
		`.SS "group leaf FILE [flags]"`, "Long of leaf.", ".B \"\\-c, \\-\\-count int\"\nhow many (default 3)\n",
		"  tool group leaf x\n", ".SH \"FILES\"\n.TP\n.B \"/etc/tool\"\nIts folder.\n.PP\nA paragraph.\n",
	} {
		assert.Contains(t, page, want)
	}
	for _, hidden := range []string{"secret", "internal"} {
		assert.NotContains(t, page, hidden)
	}
	assert.Equal(t, page, written(t, example()), "the same bytes each time")
}

func TestTextIsNeverARequest(t *testing.T) {
	page := written(t, example())
	assert.Contains(t, page, "\n\\&.hidden \\(aqquoted\\(aq back\\eslash\n")
	assert.Equal(t, `"a\(dqb\ec"`, quoted(`a"b\c`))
}

// mandoc is the strictest reader there is.
func TestPageIsCleanRoff(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("no mandoc on this machine")
	}
	lint := exec.Command(mandoc, "-T", "lint", "-W", "warning")
	lint.Stdin = strings.NewReader(written(t, example()))
	out, err := lint.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
