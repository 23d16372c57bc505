package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// initRun is one run of init, and what it called.
type initRun struct {
	deps      initDeps
	in        string
	out       bytes.Buffer
	validated [][]string
	doctored  []string
	// endpoint is AWS_CONTAINER_CREDENTIALS_FULL_URI as doctor saw it.
	endpoint string
	pushed   map[string][]byte
	target   string
}

func newInitRun(t *testing.T) *initRun {
	t.Helper()
	awslocal.OutsideAWS(t)
	r := &initRun{}
	r.deps = initDeps{
		facts:      hostfacts.New(t.TempDir()),
		isTerminal: func() bool { return true },
		validate:   func(_ context.Context, uris []string) error { r.validated = append(r.validated, uris); return nil },
		doctor: func(_ context.Context, uris []string) error {
			r.doctored, r.endpoint = uris, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
			return nil
		},
		push: func(_ context.Context, files map[string][]byte, target string) error {
			r.pushed, r.target = files, target
			return nil
		},
	}
	return r
}

func (r *initRun) run(args ...string) error {
	cmd := newInitCommand(r.deps)
	cmd.SetIn(strings.NewReader(r.in))
	cmd.SetOut(&r.out)
	cmd.SetErr(&r.out)
	cmd.SetArgs(args)
	return cmd.ExecuteContext(context.Background())
}

func TestInitWritesChecksAndSaysWhatIsNext(t *testing.T) {
	r := newInitRun(t)
	folder := filepath.Join(t.TempDir(), "config.d")
	require.NoError(t, r.run("--yes", "--os", runtime.GOOS, "--region", "eu-central-1", "--credentials", "ssm_agent", "--output", folder))
	uri := "dir:" + filepath.ToSlash(folder)
	assert.Equal(t, [][]string{{uri}}, r.validated)
	assert.Equal(t, []string{uri}, r.doctored)
	assert.Equal(t, "http://127.0.0.1:4442/v1/credentials", r.endpoint, "doctor looks at what the collector is to be started with")
	assert.Empty(t, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
	text, err := os.ReadFile(filepath.Join(folder, "20-route.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "&region eu-central-1")
	assert.Contains(t, r.out.String(), "10-host.yaml, 20-route.yaml, 30-credentials.yaml")
	assert.Contains(t, r.out.String(), "--config "+uri)

	require.ErrorContains(t, r.run("--region", "eu-west-1", "--output", folder), "already has")
	assert.NotContains(t, r.out.String(), "What is collected", "nobody is asked in vain")
	require.NoError(t, r.run("--yes", "--force", "--region", "eu-west-1", "--output", folder))
	_, err = os.Stat(filepath.Join(folder, "30-credentials.yaml"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestInitAsks(t *testing.T) {
	r := newInitRun(t)
	r.in = "metrics\nFleet\n\neu-central-1\ninternet\n\n"
	folder := t.TempDir()
	require.NoError(t, r.run("--os", runtime.GOOS, "--output", folder), r.out.String())
	text, err := os.ReadFile(filepath.Join(folder, "10-host.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "namespace: Fleet\n")
	assert.NotContains(t, string(text), "file_tail")
}

func TestInitStoresWhatTheCollectorWouldTake(t *testing.T) {
	r := newInitRun(t)
	t.Chdir(t.TempDir())
	require.NoError(t, r.run("--yes", "--region", "eu-central-1", "--push", "ssm:/fleet/web"))
	assert.Equal(t, "ssm:/fleet/web/", r.target)
	assert.Len(t, r.pushed, 2)
	require.Len(t, r.validated, 1)
	assert.Equal(t, []string{"yaml:" + string(r.pushed["10-host.yaml"]), "yaml:" + string(r.pushed["20-route.yaml"])}, r.validated[0])
	assert.Equal(t, []string{"ssm:/fleet/web/"}, r.doctored)
	assert.Contains(t, r.out.String(), "OTELCOL_CLOUDWATCH_ROUTES=")
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, entries, "it is in one place")

	r.pushed = nil
	r.deps.validate = func(context.Context, []string) error { return errors.New("exporters::cloudwatch_emf is wrong") }
	require.ErrorContains(t, r.run("--yes", "--region", "eu-central-1", "--push", "ssm:/fleet/web"), "nothing has been stored")
	assert.Nil(t, r.pushed)
	r = newInitRun(t)
	r.deps.push = func(context.Context, map[string][]byte, string) error { return errors.New("AccessDenied") }
	require.ErrorContains(t, r.run("--yes", "--region", "eu-central-1", "--push", "ssm:/fleet/"), "AccessDenied")
	assert.Nil(t, r.doctored)
}

func TestInitFailsWhereSomethingIsWrong(t *testing.T) {
	r := newInitRun(t)
	folder := t.TempDir()
	r.deps.doctor = func(context.Context, []string) error { return errors.New("doctor found problems") }
	require.ErrorContains(t, r.run("--yes", "--region", "eu-central-1", "--output", folder), "something on this host is not")
	assert.Contains(t, r.out.String(), "Start the collector with", "it is said all the same")
	r.deps.validate = func(context.Context, []string) error { return errors.New("bad key") }
	r.deps.doctor = nil
	require.ErrorContains(t, r.run("--yes", "--force", "--region", "eu-central-1", "--output", folder), "has been written, and the collector would not take it: bad key")
}

func TestInitForAnotherHostIsNotCheckedHere(t *testing.T) {
	r := newInitRun(t)
	other := "windows"
	if runtime.GOOS == other {
		other = "linux"
	}
	for _, args := range [][]string{{"--os", other, "--output", t.TempDir()}, {"--skip-checks", "--output", t.TempDir()}, {"--skip-checks", "--push", "ssm:/x"}} {
		require.NoError(t, r.run(append(args, "--yes", "--region", "eu-central-1")...))
	}
	assert.Empty(t, r.validated)
	assert.Empty(t, r.doctored)
	assert.Equal(t, 3, strings.Count(r.out.String(), "Not checked here"))
}

func TestInitsFlagsAreChecked(t *testing.T) {
	r := newInitRun(t)
	r.deps.isTerminal = func() bool { return false }
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "its input is no terminal: give --yes"},
		{[]string{"--yes", "--os", "plan9"}, `--os "plan9" is not one of linux, windows, darwin`},
		{[]string{"--yes", "--push", "ssm:x", "--output", "y"}, "--output and --push are both given"},
		{[]string{"--yes", "--push", "s3://bucket"}, `--push "s3://bucket" is not a path of Parameter Store`},
		{[]string{"--yes", "--skip-checks"}, "--region: neither the environment nor a metadata service"},
		{[]string{"--yes", "--region", "Frankfurt"}, `--region: "Frankfurt" is not a region`},
		{[]string{"host.yaml"}, "unknown command"},
	} {
		require.ErrorContains(t, r.run(c.args...), c.want)
	}
	assert.Empty(t, r.validated)
}
