package guide

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a person who answers line by line.
func script(lines ...string) *strings.Reader {
	return strings.NewReader(strings.Join(lines, "\n") + "\n")
}

func TestAPersonIsAskedWhatIsOpen(t *testing.T) {
	var out strings.Builder
	a, err := Interview(linux, map[string]string{"namespace": "Fleet"}, script(
		"1,2",      // collect
		"", "/web", // files as proposed, log group
		"", "eu-central", // metrics' log group as proposed, no region
		"eu-west-1", "9", // region, no such way
		"6", "3, 1", // failover by two ways
		"", "vpce-1", "-", // endpoints: one is needed
		"", "process", "", // no ssm; a command is needed
		"helper", role, "",
	), &out)
	require.NoError(t, err, out.String())
	assert.Equal(t, Answers{
		OS: "linux", Metrics: true, Logs: true, LogFiles: recipeLogs[""], Namespace: "Fleet", LogGroup: "/web", MetricsLogGroup: "/otelcol-cloudwatch/metrics",
		Region: "eu-west-1", Way: Failover, Ways: []Way{PrivateVIF, Internet}, Endpoints: map[string][]string{"logs": {"vpce-1"}, "sts": {"-"}},
		Identity: Process, Process: "helper", AssumeRole: []string{role},
	}, a)
	asked := out.String()
	assert.Contains(t, asked, `"eu-central" is not a region, such as eu-central-1`)
	assert.Contains(t, asked, `"9" is not one of internet, vpc-private-dns`)
	assert.Contains(t, asked, "  3  private-vif ")
	assert.Contains(t, asked, "nothing is given; give a command")
	assert.Contains(t, asked, "AWS region [eu-central-1]: ")
	assert.Equal(t, 1, strings.Count(asked, "How AWS is reached"), "the choices are shown once")
	assert.NotContains(t, asked, "Namespace", "a flag has answered that")
	assert.NotContains(t, asked, "Address of the proxy", "not what the answers leave no use for")
	for line := range strings.Lines(asked) {
		line, _, _ = strings.Cut(line, ":   ")    // then comes what is wrong with an answer
		if !strings.HasPrefix(line, "  [/var/") { // a proposal is as long as it is
			assert.LessOrEqual(t, len([]rune(line)), 81, line)
		}
	}
}

func TestAnInputThatEndsNamesTheFlag(t *testing.T) {
	for text, want := range map[string]string{"": "--collect", "\n\n\n\n\n": "--region", "metrics\n\n\n\n2\nssm_agent": "--assume-role"} {
		var out strings.Builder
		f := linux
		if want == "--region" {
			f.Region = ""
		}
		_, err := Interview(f, nil, strings.NewReader(text), &out)
		require.ErrorContains(t, err, "give "+want, out.String())
		assert.ErrorContains(t, err, "or --yes")
	}
	_, err := Interview(linux, nil, strings.NewReader(strings.Repeat("x", maxLine+1)), &strings.Builder{})
	require.ErrorContains(t, err, "token too long")
	_, err = Interview(linux, nil, script(""), fails{})
	require.ErrorContains(t, err, "disk full")
}

type fails struct{}

func (fails) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestNothingIsAskedWithYes(t *testing.T) {
	a, err := Interview(Found{OS: "linux", Region: "eu-central-1", Hybrid: true, Proxy: "http://p:3128", LogFiles: []string{"/var/log/syslog*"}}, nil, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, Answers{
		OS: "linux", Metrics: true, Logs: true, LogFiles: []string{"/var/log/syslog*"}, Namespace: "CWAgent", LogGroup: "/otelcol-cloudwatch/host",
		MetricsLogGroup: "/otelcol-cloudwatch/metrics", Region: "eu-central-1", Way: HTTPProxy, ProxyURL: "http://p:3128",
		Identity: SSMAgent, Endpoints: map[string][]string{},
	}, a)
	for _, goos := range []string{"windows", "darwin"} {
		a, err = Interview(Found{OS: goos, Region: "eu-central-1"}, nil, nil, nil)
		require.NoError(t, err)
		assert.Equal(t, DefaultChain, a.Identity)
		assert.Equal(t, goos == "windows", len(a.EventLogs) == 2)
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		flags map[string]string
		want  string
	}{
		"no region":              {nil, "--region: neither the environment nor a metadata service"},
		"nothing collected":      {map[string]string{"collect": ""}, "--collect: nothing is chosen"},
		"something else":         {map[string]string{"collect": "metrics,traces"}, `--collect: "traces" is not one of metrics, logs`},
		"no files":               {map[string]string{"log-files": "none", "region": "eu-central-1"}, "no file and no event log"},
		"a relative file":        {map[string]string{"log-files": "app.log"}, `--log-files: "app.log" is not a full path`},
		"a broken pattern":       {map[string]string{"log-files": "/var/[a.log"}, "bracket or a brace is not closed"},
		"no use":                 {map[string]string{"region": "eu-central-1", "proxy-url": "http://p"}, "--proxy-url has no use"},
		"event logs of Linux":    {map[string]string{"event-logs": "System"}, "--event-logs has no use"},
		"AWS's namespace":        {map[string]string{"namespace": "AWS/EC2"}, `--namespace: "AWS/EC2" is not`},
		"AWS's log group":        {map[string]string{"log-group": "aws/x"}, `--log-group: "aws/x" is not`},
		"a log group":            {map[string]string{"log-group": "a b"}, `--log-group: "a b" is not`},
		"no endpoint":            {given(string(PrivateVIF), "default", "region", "eu-central-1", "endpoint-logs", ""), "--endpoint-logs: nothing is given"},
		"a URL":                  {given(string(PrivateVIF), "default", "region", "eu-central-1", "endpoint-logs", "https://x"), "leave https:// and paths out"},
		"no STS":                 {given(string(PrivateVIF), string(WebIdentity), "region", "eu-central-1", "endpoint-sts", "none"), "give --endpoint-sts"},
		"no interface":           {given(string(PublicVIF), "default", "region", "eu-central-1", "source", ""), "--source: nothing is given"},
		"no range":               {given(string(PublicVIF), "default", "region", "eu-central-1", "allowed-cidrs", "198.51.100.0"), "--allowed-cidrs"},
		"roles on the chain":     {map[string]string{"region": "eu-central-1", "assume-role": role}, "--assume-role has no use"},
		"a role":                 {given(string(Internet), string(Instance), "region", "eu-central-1", "assume-role", "writer"), `"writer" is not a role`},
		"an id without a role":   {given(string(Internet), string(Instance), "region", "eu-central-1", "external-id", "x"), "--external-id has no use"},
		"a relative credentials": {given(string(Internet), string(Profile), "region", "eu-central-1", "credentials-file", "creds"), "--credentials-file"},
		"two lines":              {map[string]string{"region": "eu-central-1\nx: y"}, "control character"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Interview(Found{OS: "linux"}, c.flags, nil, nil)
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := Interview(Found{OS: "windows", Region: "eu-central-1"}, map[string]string{"event-logs": "a:b"}, nil, nil)
	require.ErrorContains(t, err, `"a:b" is not a channel`)
}

func TestAPasswordIsNeverTakenNorRepeated(t *testing.T) {
	for _, url := range []string{"http://user:hunter2@proxy:3128", "user:hunter2@proxy", "ftp://user:hunter2@proxy", "http://user:hunter2@pro xy"} {
		_, err := Interview(linux, given(string(HTTPProxy), "default", "proxy-url", url), nil, nil)
		require.ErrorContains(t, err, "--proxy-url: ", url)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	assert.Equal(t, "http://proxy:3128", proxyOf("", "http://user:hunter2@proxy:3128/x"))
	assert.Empty(t, proxyOf("socks5://proxy", "::"))
}

func TestListsKeepWhatStandsInBraces(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, " , ": nil, "a": {"a"}, "a, b ,": {"a", "b"}, "/x/{a,b}.log,/y": {"/x/{a,b}.log", "/y"}, "${env:A:-x,y},b": {"${env:A:-x,y}", "b"}, "}a,b": {"}a", "b"}, "{a,b": {"{a,b"},
	} {
		assert.Equal(t, want, list(text), text)
	}
}

// Whatever is answered, what is written is what was answered: nothing becomes a key or a comment.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{"a", `x: y # z`, "'", `"`, "${env:X:-[a]}", "- a", "*a", "&a b", "|", "\u00e4\u2028", "null", "0123", "a\tb", "{{x}}", "#", "!x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		flags := given(string(Internet), string(Process), "process", text, "log-files", "/"+text, "namespace", "${env:X}"+text, "profile", "")
		delete(flags, "profile")
		a, err := Interview(linux, flags, nil, nil)
		if err != nil {
			return
		}
		files, err := Files(a)
		if err != nil {
			return
		}
		host := parsed(t, string(files[HostFile]))
		assert.Equal(t, a.Namespace, host["exporters"].(map[string]any)["cloudwatch_emf"].(map[string]any)["namespace"])
		var want []any
		for _, file := range a.LogFiles {
			want = append(want, file)
		}
		assert.Equal(t, want, host["receivers"].(map[string]any)["file_tail"].(map[string]any)["include"])
		routing := parsed(t, string(files[CredentialsFile]))["extensions"].(map[string]any)["endpoint_routing"].(map[string]any)
		assert.Equal(t, a.Process, routing["credentials"].(map[string]any)["process"])
		assert.Len(t, routing, 2)
	})
}
