package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// shelf is the store commands beside a local AWS.
type shelf struct {
	aws       *awslocal.Server
	dir       string
	terminal  bool
	input     string
	validated []string
	invalid   error
	meanwhile func() // runs while the collector validates
	access    awsconfig.Config
}

func newShelf(t *testing.T) *shelf {
	return &shelf{aws: awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true}), dir: t.TempDir()}
}

func (s *shelf) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	deps := storeDeps{
		validate: func(_ context.Context, uris []string) error {
			s.validated = uris
			if s.meanwhile != nil {
				s.meanwhile()
			}
			return s.invalid
		},
		diff:       func(before, after string) string { return "-" + before + "\n+" + after + "\n" },
		isTerminal: func() bool { return s.terminal },
		open: func(ctx context.Context, c awsconfig.Config) (*ssmstore.Store, func(), error) {
			s.access = c
			config := s.aws.AWSConfig(ctx)
			config.HTTPClient = &http.Client{Transport: transport}
			return ssmstore.New(config, ssmstore.Options{}), func() {}, nil
		},
	}
	root := &cobra.Command{Use: "config", SilenceErrors: true}
	root.AddCommand(newConfigStoreCommands(deps)...)
	var out, errs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetIn(strings.NewReader(s.input))
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

// ok is run for what must go well.
func (s *shelf) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := s.run(t, args...)
	require.NoError(t, err, out)
	for line := range strings.Lines(out) {
		assert.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), 80, line)
	}
	return out
}

func (s *shelf) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestLargeConfigurationIsPushedAndPulledByteForByte(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	var b strings.Builder
	for i := 0; b.Len() < 200<<10; i++ {
		fmt.Fprintf(&b, "key_%d: '%x ü {{ .x }}'\r\n", i, uint64(i)*0x9E3779B97F4A7C15)
	}
	file := s.file(t, "host.yaml", b.String())
	out := s.ok(t, "push", "--yes", file, "ssm:/fleet/host")
	assert.Contains(t, out, "ssm:/fleet/host is new")
	assert.Contains(t, out, "version 1, label live, in ")
	assert.Equal(t, []string{"file:" + filepath.ToSlash(file)}, s.validated)
	assert.True(t, b.String() == s.ok1(t, "pull", "ssm:/fleet/host"))

	target := s.file(t, "pulled.yaml", "before")
	require.NoError(t, os.Chmod(target, 0o644))
	_, errs, err := s.run(t, "pull", "ssm:/fleet/host:live", "-o", target)
	require.NoError(t, err)
	assert.Contains(t, errs, "ssm:/fleet/host:live (version 1)")
	got, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.True(t, b.String() == string(got))
	info, err := os.Stat(target)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	left, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	assert.Len(t, left, 2)
	assert.Contains(t, s.ok(t, "list", "ssm:/fleet"), "live=1")
}

// ok1 is ok for output that is not for people.
func (s *shelf) ok1(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := s.run(t, args...)
	require.NoError(t, err)
	return out
}

func TestPushShowsWhatChangesAndAsks(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	one := s.file(t, "a.yaml", "x: 1")
	_, _, err := s.run(t, "push", one, "ssm:/a")
	assert.ErrorContains(t, err, "--yes")
	s.terminal, s.input = true, "n\n"
	_, _, err = s.run(t, "push", one, "ssm:/a")
	assert.ErrorContains(t, err, "nothing is changed")
	assert.Zero(t, s.aws.Calls("ssm", "PutParameter"))
	s.input = "y\n"
	out := s.ok(t, "push", "--description", "the first one", one, "ssm:/a")
	assert.Contains(t, out, "Store this? [y/N]")
	assert.Contains(t, out, "ssm:/a: version 1, label live")

	assert.Contains(t, s.ok(t, "push", one, "ssm:/a"), "There is nothing to store.")
	assert.Contains(t, s.ok(t, "push", "--label", "next", one, "ssm:/a"), "gets the label next")
	s.file(t, "a.yaml", "x: 2")
	s.terminal = false
	out = s.ok(t, "push", "--dry-run", one, "ssm:/a")
	assert.Contains(t, out, "version 1 to 2")
	assert.Contains(t, out, "  -x: 1\n  +x: 2\n")
	assert.EqualValues(t, 1, s.aws.Calls("ssm", "PutParameter"))
	s.ok(t, "push", "--yes", one, "ssm:/a")
	out = s.ok(t, "history", "ssm:/a")
	lines := strings.Split(out, "\n")
	assert.Regexp(t, `^2 +4 +\d{4}-\d\d-\d\d \d\d:\d\d +live +user/local$`, lines[1])
	assert.Regexp(t, `^1 {8}4 .* next +user/local$`, lines[2])
	assert.Equal(t, "  the first one", lines[3])
}

func TestInvalidConfigurationIsNotStored(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.invalid = errors.New("no pipelines")
	file := s.file(t, "a.yaml", "x: 1")
	_, _, err := s.run(t, "push", "--yes", file, "ssm:/a")
	assert.ErrorContains(t, err, "no pipelines")
	assert.ErrorContains(t, err, "hint: ")
	s.invalid = nil
	s.meanwhile = func() { s.file(t, "a.yaml", "x: 2") }
	_, _, err = s.run(t, "push", "--yes", file, "ssm:/a")
	assert.ErrorContains(t, err, "was changed while it was validated")
	assert.Zero(t, s.aws.Calls("ssm", "PutParameter"))
}

func TestFilesBecomeLayersThatAreValidatedTogether(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	base, site := s.file(t, "10-base.yaml", "a: 1"), s.file(t, "30-site.yml", "b: 1")
	s.ok(t, "push", "--yes", s.file(t, "20-web.yaml", "c: 1"), "ssm:/fleet/")
	s.ok(t, "push", "--yes", "--region", "us-east-1", site, base, "ssm:/fleet/")
	assert.Equal(t, []string{"file:" + filepath.ToSlash(base), "ssm:/fleet/20-web?region=us-east-1&poll=off", "file:" + filepath.ToSlash(site)}, s.validated)
	assert.Equal(t, "us-east-1", s.access.Region)
	out := s.ok(t, "list", "ssm:/fleet/")
	for _, name := range []string{"/fleet/10-base", "/fleet/20-web", "/fleet/30-site"} {
		assert.Contains(t, out, name)
	}
	_, _, err := s.run(t, "push", "--yes", base, site, "ssm:/fleet/one")
	assert.ErrorContains(t, err, "end the target with a slash")
	_, _, err = s.run(t, "push", "--yes", base, s.file(t, "10-base.yml", ""), "ssm:/fleet/")
	assert.ErrorContains(t, err, "would both become /fleet/10-base")
	_, _, err = s.run(t, "push", "--yes", s.file(t, "with space.yaml", ""), "ssm:/fleet/")
	assert.ErrorContains(t, err, "no name for a parameter")
}

func TestRollbackShowsWhatItMeansForWhom(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for i := range 3 {
		s.ok(t, "push", "--yes", s.file(t, "a.yaml", fmt.Sprint("x: ", i+1)), "ssm:/a")
	}
	_, _, err := s.run(t, "rollback", "ssm:/a")
	assert.ErrorContains(t, err, "--yes")
	out := s.ok(t, "rollback", "--yes", "ssm:/a")
	assert.Contains(t, out, "  -x: 3\n  +x: 2\n")
	assert.Contains(t, out, "label live is at version 2")
	assert.Contains(t, out, "stay on version 3")
	assert.Equal(t, "x: 2", s.ok1(t, "pull", "ssm:/a:live"))
	out = s.ok(t, "rollback", "--yes", "--rewrite", "ssm:/a", "1")
	assert.Contains(t, out, "version 4 has the text of version 1")
	assert.Equal(t, "x: 1", s.ok1(t, "pull", "ssm:/a"))
	_, _, err = s.run(t, "rollback", "--yes", "ssm:/a", "x")
	assert.ErrorContains(t, err, "not a version")
}

func TestAWSCLIWorksOnTheSameParameters(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	s := newShelf(t)
	cli := func(args ...string) string {
		command := exec.CommandContext(t.Context(), path, slices.Concat([]string{"ssm"}, args, []string{"--endpoint-url", s.aws.URL, "--output", "text"})...)
		command.Env = s.aws.Env()
		out, err := command.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	cli("put-parameter", "--name", "/a", "--type", "SecureString", "--value", "x: 1")
	s.ok(t, "push", "--yes", s.file(t, "a.yaml", "x: 2"), "ssm:/a")
	assert.Equal(t, "x: 2", cli("get-parameter", "--name", "/a:live", "--with-decryption", "--query", "Parameter.Value"))
	assert.Equal(t, "x: 1", s.ok1(t, "pull", "ssm:/a:1"))
	assert.Contains(t, s.ok(t, "list", "ssm:/"), "/a (secure)")
}

func TestStoreCommandsSayWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	file := s.file(t, "a.yaml", "x: 1")
	s.ok(t, "push", "--yes", file, "ssm:/there")
	for _, c := range []struct {
		args string
		want string
	}{
		{"push " + file, "requires at least 2"},
		{"push " + file + " s3:x", "not ssm"},
		{"push " + file + " ssm:/a:live", "leave it out"},
		{"push " + file + " ssm:/a:-x", "keys, defaults, poll and optional"},
		{"push " + file + " ssm:/aws/a", "reserved"},
		{"push " + file + " ssm:/a?region=eu-west-1 --region us-east-1", "contradicts"},
		{"push " + file + " ssm:/a --region nowhere", "region"},
		{"push " + file + " ssm:/a --tier gold", "--tier"},
		{"push " + file + " ssm:/a --label 1", "--label"},
		{"push " + filepath.Join(s.dir, "absent") + " ssm:/a", "absent"},
		{"push " + s.dir + " ssm:/a", s.dir + " is a folder\nhint: name its files, such as " + filepath.Join(s.dir, "*.yaml")},
		{"pull ssm:/there -o " + filepath.Join(s.dir, "no", "such.yaml"), "hint: make the folder " + filepath.Join(s.dir, "no")},
		{"pull ssm:/there -o " + s.dir, "it is a folder\nhint: name a file in it"},
		{"list ssm:/there", "ssm:/there is a parameter, and nothing is below it\nhint: config history ssm:/there shows its versions, config list ssm:/ what is beside it"},
		{"list ssm:/there/", "is a parameter, and nothing is below it"},
		{"pull ssm:/absent", "hint: check the name"},
		{"pull ssm:/a/", "config list"},
		{"history ssm:/a/", "config list"},
		{"history ssm:/a:3", "leave the part after the colon out"},
		{"list ssm:/a:live", "config history"},
		{"rollback ssm:/absent", "ParameterNotFound"},
	} {
		_, _, err := s.run(t, strings.Fields(c.args)...)
		assert.ErrorContains(t, err, c.want, c.args)
	}
	assert.Contains(t, s.ok(t, "list", "ssm:/empty"), "There is nothing below /empty/")
}

func TestDeleteTakesThePartsAlongAndAsks(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	file := s.file(t, "a.yaml", "x: "+strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 10)+"\n")
	s.ok(t, "push", "--yes", file, "ssm:/fleet/a")
	_, _, err := s.run(t, "delete", "ssm:/fleet/a")
	assert.ErrorContains(t, err, "--yes")
	assert.Contains(t, s.ok(t, "delete", "--dry-run", "ssm:/fleet/a"), "Nothing is deleted")
	assert.Contains(t, s.ok(t, "delete", "--yes", "ssm:/fleet/a"), "ssm:/fleet/a is deleted")
	assert.Contains(t, s.ok(t, "list", "ssm:/fleet/"), "nothing below")
	_, _, err = s.run(t, "delete", "--yes", "ssm:/fleet/")
	assert.ErrorContains(t, err, "is a path, and one parameter is needed")
	_, _, err = s.run(t, "delete", "--yes", "ssm:/fleet/a:live")
	assert.ErrorContains(t, err, "names a version")
	assert.Contains(t, s.ok(t, "prune", "--yes", "ssm:/fleet/"), "There is nothing to delete")
}
