package guide

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/config"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layerfolder"
)

// each calls a test for every way, identity and system, with and without roles on top; and for every way
// with one kind of data alone.
func each(t *testing.T, test func(t *testing.T, f Found, flags map[string]string)) {
	for _, goos := range []string{"linux", "windows"} {
		found := Found{OS: goos, Region: "eu-central-1"}
		for _, way := range ways {
			for _, identity := range identities {
				name := goos + " by " + way.Name + " as " + identity.Name
				t.Run(name, func(t *testing.T) { test(t, found, given(way.Name, identity.Name)) })
				if a := (Answers{Identity: Identity(identity.Name)}); a.serves() {
					t.Run(name+" with roles", func(t *testing.T) {
						test(t, found, given(way.Name, identity.Name, "assume-role", role+"1,"+role+"2"))
					})
				}
			}
			for _, collect := range []string{"metrics", "logs"} {
				t.Run(goos+" "+collect+" by "+way.Name, func(t *testing.T) {
					test(t, found, given(way.Name, string(SSMAgent), "collect", collect))
				})
			}
		}
	}
}

// What is made names nothing that is not defined, and defines nothing that is not used: an exporter that
// lacks a key would stop the start.
func TestEveryCombinationMergesIntoAWholeConfiguration(t *testing.T) {
	each(t, func(t *testing.T, f Found, flags map[string]string) {
		_, files := made(t, f, flags)
		conf := merged(t, files)
		used := map[string]map[string]bool{"receivers": {}, "processors": {}, "exporters": {}, "extensions": {}}
		for _, id := range conf.Get("service::extensions").([]any) {
			used["extensions"][id.(string)] = true
		}
		for name, p := range conf.Get("service::pipelines").(map[string]any) {
			for kind, ids := range p.(map[string]any) {
				require.NotEmpty(t, ids, name)
				for _, id := range ids.([]any) {
					used[kind][id.(string)] = true
				}
			}
		}
		// It stands ready for layers that take what others send: pipelines of files and of the host do without.
		used["processors"]["memory_limiter"] = true
		for kind, ids := range used {
			assert.ElementsMatch(t, slices.Collect(maps.Keys(ids)), slices.Collect(maps.Keys(conf.Get(kind).(map[string]any))), kind)
		}
		for _, exporter := range []string{"cloudwatch_emf", "cloudwatch_logs"} {
			if used["exporters"][exporter] {
				assert.Equal(t, "eu-central-1", conf.Get("exporters::"+exporter+"::region"))
			}
		}
	})
}

func TestTheRealBinaryTakesWhatIsMade(t *testing.T) {
	folder := os.Getenv("OTELCOL_CLOUDWATCH_BIN")
	if folder == "" {
		t.Skip("OTELCOL_CLOUDWATCH_BIN names no folder with the binary: make test does")
	}
	binary := filepath.Join(folder, "otelcol-cloudwatch")
	try := func(t *testing.T, flags map[string]string) {
		t.Parallel()
		_, files := made(t, linux, flags)
		folder := t.TempDir()
		require.NoError(t, layerfolder.Write(folder, Layers, files, false))
		cmd := exec.CommandContext(t.Context(), binary, "validate", "--config", "dir:"+folder)
		cmd.Env = []string{"OTELCOL_CLOUDWATCH_STATE_DIR=" + folder, "AWS_EC2_METADATA_DISABLED=true",
			"OTELCOL_CLOUDWATCH_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "OTELCOL_CLOUDWATCH_SECRET_ACCESS_KEY=x"}
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, string(out))
	}
	for _, way := range ways {
		t.Run(way.Name, func(t *testing.T) { try(t, given(way.Name, string(SSMAgent))) })
	}
	for _, identity := range identities {
		t.Run(identity.Name, func(t *testing.T) { try(t, given(string(Internet), identity.Name)) })
	}
	t.Run("metrics alone", func(t *testing.T) { try(t, given(string(Internet), string(DefaultChain), "collect", "metrics")) })
	t.Run("logs alone", func(t *testing.T) { try(t, given(string(Internet), string(DefaultChain), "collect", "logs")) })
	t.Run("roles", func(t *testing.T) {
		try(t, given(string(PrivateVIF), string(Instance), "assume-role", role, "external-id", "x-1"))
	})
}

// What is made differs from the recipe in what was asked, and in nothing else.
func TestTheRecipesStayAsTheyAre(t *testing.T) {
	recipe := func(name string) map[string]any {
		text, err := config.Files.ReadFile(name)
		require.NoError(t, err)
		return parsed(t, string(text))
	}
	at := func(m map[string]any, path string) map[string]any {
		for key := range strings.SplitSeq(path, "::") {
			m = m[key].(map[string]any)
		}
		return m
	}
	for goos, name := range map[string]string{"linux": "host.yaml", "darwin": "host.yaml", "windows": "windows.yaml"} {
		want := recipe(name)
		at(want, "exporters::cloudwatch_emf")["namespace"] = "Fleet/Web"
		at(want, "exporters::cloudwatch_emf")["log_group_name"] = "/otelcol-cloudwatch/metrics"
		at(want, "exporters::cloudwatch_logs")["log_group_name"] = "/web"
		at(want, "receivers::file_tail")["include"] = []any{"${env:LOGS}/{a,b}.log*", "/c.log"}
		flags := given(string(PrivateVIF), string(Profile), "namespace", "Fleet/Web", "log-group", "/web", "log-files", "${env:LOGS}/{a,b}.log*,/c.log", "profile", "p")
		if goos == "windows" {
			flags["log-files"] = "${env:LOGS}/{a,b}.log*,C:/c.log"
			at(want, "receivers::file_tail")["include"] = []any{"${env:LOGS}/{a,b}.log*", "C:/c.log"}
		}
		flags["endpoint-logs"] = "10.0.0.1,10.0.0.2:8443"
		delete(flags, "endpoint-sts")
		_, files := made(t, Found{OS: goos, Region: "eu-west-3"}, flags)
		assert.Equal(t, want, parsed(t, string(files[HostFile])), goos)

		want = recipe("routes/private-vif.yaml")
		at(want, "extensions::endpoint_routing")["region"] = "eu-west-3"
		at(want, "exporters::cloudwatch_emf")["region"] = "eu-west-3"
		at(want, "exporters::cloudwatch_logs")["region"] = "eu-west-3"
		at(want, "extensions::endpoint_routing")["routes"].([]any)[0].(map[string]any)["vpc_endpoints"] = map[string]any{"logs": []any{"10.0.0.1", "10.0.0.2:8443"}}
		assert.Equal(t, want, parsed(t, string(files[RouteFile])), goos)

		if goos == "linux" {
			want = recipe("credentials/profile.yaml")
			at(want, "extensions::endpoint_routing::credentials")["profile"] = "p"
			assert.Equal(t, want, parsed(t, string(files[CredentialsFile])))
		}
	}
}

func TestMistakesOfTheRouteTableAreSaid(t *testing.T) {
	for name, c := range map[string]struct {
		flags map[string]string
		want  string
	}{
		"another region's endpoint": {given(string(PrivateVIF), "default", "endpoint-logs", "vpce-0a1b2c3d4e5f60001-logslogs.logs.eu-west-1.vpce.amazonaws.com"), "eu-west-1"},
		"another service's":         {given(string(PrivateVIF), "default", "endpoint-sts", "vpce-0a1b2c3d4e5f60001-logslogs.logs.eu-central-1.vpce.amazonaws.com"), "of logs, not of sts"},
		"a role's name":             {given(string(Internet), string(SSMAgent), "assume-role", role+"/?!"), "role_arn"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Interview(linux, c.flags, nil, nil)
			require.NoError(t, err)
			_, err = Files(a)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestPlaceholdersPass(t *testing.T) {
	_, files := made(t, linux, given(string(HTTPProxy), string(Static), "region", "${env:AWS_REGION:-eu-west-1}",
		"proxy-url", "${env:PROXY}", "namespace", "${env:NS:-x}", "log-group", "/a/${host:name}", "log-files", "${env:HOME}/{a,b}.log"))
	conf := merged(t, files)
	assert.Equal(t, "${env:AWS_REGION:-eu-west-1}", conf.Get("exporters::cloudwatch_emf::region"))
	assert.Equal(t, []any{"${env:HOME}/{a,b}.log"}, conf.Get("receivers::file_tail::include"))
	assert.Equal(t, "/a/${host:name}", conf.Get("exporters::cloudwatch_logs::log_group_name"))
}

func TestEventLogsOfWindows(t *testing.T) {
	windows := Found{OS: "windows", Region: "eu-central-1"}
	_, files := made(t, windows, map[string]string{"event-logs": "Application, Security, Microsoft-Windows-PowerShell/Operational", "log-files": "none"})
	conf := merged(t, files)
	assert.Equal(t, []any{"windows_event_log/application", "windows_event_log/security", "windows_event_log/microsoft-windows-powershell_operational"},
		conf.Get("service::pipelines::logs/files::receivers"))
	receivers := conf.Get("receivers").(map[string]any)
	assert.Len(t, receivers, 4, "host_metrics and three")
	security := receivers["windows_event_log/security"].(map[string]any)
	assert.Equal(t, "Security", security["channel"])
	assert.Equal(t, map[string]any{"log.file.path": "EventLog/Security"}, security["resource"])
	assert.Equal(t, "state_storage", security["storage"])

	_, files = made(t, windows, map[string]string{"event-logs": "none", "log-files": `C:\logs\*.log, D:/x/[ab].log`})
	conf = merged(t, files)
	assert.Equal(t, []any{"C:/logs/*.log", "D:/x/[ab].log"}, conf.Get("receivers::file_tail::include"))
	assert.NotContains(t, string(files[HostFile]), "windows_event_log")
}

func TestCommentsSayWhyAndNothingIsLeftOfAnotherHost(t *testing.T) {
	_, files := made(t, linux, given(string(PublicVIF), string(Process), "allowed-cidrs", "none"))
	assert.Contains(t, string(files[HostFile]), "# What is read and not yet taken by CloudWatch")
	assert.Contains(t, string(files[HostFile]), "# Lossless by intent")
	assert.Contains(t, string(files[RouteFile]), "# The interface, or the host's address on it.")
	assert.NotContains(t, string(files[RouteFile]), "advertised over the VIF, so")
	each(t, func(t *testing.T, f Found, flags map[string]string) {
		_, files := made(t, f, flags)
		for name, text := range files {
			assert.True(t, strings.HasPrefix(string(text), "# "), name)
			assert.Contains(t, string(text), written)
			assert.NotContains(t, string(text), "Copy it to")
			assert.NotRegexp(t, `:\n\n`, string(text), "nothing is missing below a key")
			assert.NotContains(t, string(text), "routes/*.yaml")
			assert.NotContains(t, string(text), "trust-anchor", "an example is left")
			for line := range strings.Lines(string(text)) {
				assert.Equal(t, strings.TrimRight(line, " \n")+"\n", line, name)
			}
			if f.OS == "windows" {
				assert.NotRegexp(t, `[=:] ?/run/`, string(text))
				assert.NotContains(t, string(text), "/dev/null")
			}
		}
	})
}
