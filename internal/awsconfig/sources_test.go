package awsconfig

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func staticKeys() Static {
	return Static{AccessKeyID: awslocal.DefaultAccessKeyID, SecretAccessKey: configopaque.String(awslocal.DefaultSecretAccessKey)}
}

// onMachine makes this process one on the server's machine.
func onMachine(t *testing.T, s *awslocal.Server) {
	t.Helper()
	for _, v := range s.Metadata.Env(s.URL) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

func webToken(subject string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":"https://issuer.example","sub":%q,"aud":["sts.amazonaws.com"],"exp":%d}`, subject, time.Now().Add(time.Hour).Unix())
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("signature"))
}

func tokenFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, webToken("collector"))
	return file
}

// script is a credential process that prints a file.
func script(t *testing.T, file string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		return "type " + file
	}
	return "cat '" + file + "'"
}

func TestEachSourceGivesItsIdentity(t *testing.T) {
	const user, machine = "arn:aws:iam::" + account + ":user/local", "assumed-role/cloudwatch-local/"
	tests := []struct {
		name    string
		options awslocal.Options
		setup   func(*testing.T, *awslocal.Server) Credentials
		want    string // a part of the ARN
		says    string // a part of the description
	}{
		{"static", awslocal.Options{}, func(*testing.T, *awslocal.Server) Credentials {
			return Credentials{Source: SourceStatic, Static: staticKeys()}
		}, user, "static"},
		{"default, environment", awslocal.Options{}, func(t *testing.T, _ *awslocal.Server) Credentials {
			t.Setenv("AWS_ACCESS_KEY_ID", awslocal.DefaultAccessKeyID)
			t.Setenv("AWS_SECRET_ACCESS_KEY", awslocal.DefaultSecretAccessKey)
			return Credentials{}
		}, user, "the SDK's chain"},
		{"default, instance", awslocal.Options{EC2: true}, func(t *testing.T, s *awslocal.Server) Credentials {
			onMachine(t, s)
			return Credentials{}
		}, machine, "the SDK's chain"},
		{"default, container", awslocal.Options{ECS: true}, func(t *testing.T, s *awslocal.Server) Credentials {
			onMachine(t, s)
			return Credentials{}
		}, machine, "the SDK's chain"},
		{"instance, although there are keys in the environment", awslocal.Options{EC2: true, ECS: true}, func(t *testing.T, s *awslocal.Server) Credentials {
			onMachine(t, s)
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
			return Credentials{Source: SourceInstance}
		}, machine + "i-", "instance"},
		{"container, although there are keys in the environment", awslocal.Options{EC2: true, ECS: true}, func(t *testing.T, s *awslocal.Server) Credentials {
			onMachine(t, s)
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
			return Credentials{Source: SourceContainer}
		}, machine, "container"},
		{"SSM Agent", awslocal.Options{}, func(t *testing.T, s *awslocal.Server) Credentials {
			file := filepath.Join(t.TempDir(), "credentials")
			write(t, file, ini("shared", issue(s, "mi-0123")))
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
			return Credentials{Source: SourceSSMAgent, Profile: "shared"}
		}, sessionARN("machine", "mi-0123"), "profile shared of "},
		{"profile with keys", awslocal.Options{}, func(t *testing.T, s *awslocal.Server) Credentials {
			file := filepath.Join(t.TempDir(), "credentials")
			write(t, file, ini("p", issue(s, "profile")))
			return Credentials{Source: SourceProfile, Profile: "p", SharedCredentialsFile: []string{file}}
		}, sessionARN("machine", "profile"), "profile: p"},
		{"process", awslocal.Options{}, func(t *testing.T, s *awslocal.Server) Credentials {
			file := filepath.Join(t.TempDir(), "out")
			write(t, file, processOutput(issue(s, "process"), time.Now().Add(time.Hour)))
			return Credentials{Source: SourceProcess, Process: script(t, file)}
		}, sessionARN("machine", "process"), "process"},
		{"roles in a chain", awslocal.Options{}, func(*testing.T, *awslocal.Server) Credentials {
			return Credentials{Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{
				{RoleARN: "arn:aws:iam::123456789012:role/first", ExternalID: "ticket-42"}, {RoleARN: roleARN, SessionName: "last", Duration: 15 * time.Minute},
			}}
		}, sessionARN("collector", "last"), "static, then arn:aws:iam::123456789012:role/first, then " + roleARN},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.options)
			session := load(t, Config{Credentials: tt.setup(t, s)}, Options{})
			got, err := whoAmI(t.Context(), session)
			require.NoError(t, err)
			assert.Contains(t, got, tt.want)
			assert.Contains(t, session.CredentialSource, tt.says)
		})
	}
}

func TestMissingCredentialsSayWhatToDo(t *testing.T) {
	tests := []struct {
		name  string
		setup func(*testing.T) Credentials
		want  []string
	}{
		{"container without its variables", func(*testing.T) Credentials { return Credentials{Source: SourceContainer} },
			[]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "choose another source"}},
		{"container on another host over http", func(t *testing.T) Credentials {
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/x")
			return Credentials{Source: SourceContainer}
		}, []string{`"http://192.0.2.1/x"`, "use https"}},
		{"instance with metadata switched off", func(*testing.T) Credentials { return Credentials{Source: SourceInstance} },
			[]string{"AWS_EC2_METADATA_DISABLED"}},
		{"web identity without a token", func(*testing.T) Credentials { return Credentials{Source: SourceWebIdentity} },
			[]string{"credentials::web_identity::token_file", "AWS_WEB_IDENTITY_TOKEN_FILE"}},
		{"profile that does not exist", func(t *testing.T) Credentials {
			file := filepath.Join(t.TempDir(), "credentials")
			write(t, file, "[other]\n")
			return Credentials{Source: SourceProfile, SharedCredentialsFile: []string{file}}
		}, []string{`profile "default"`, "looked in ", "(does not exist)"}},
		{"profile with nothing in it", func(t *testing.T) Credentials {
			file := filepath.Join(t.TempDir(), "credentials")
			write(t, file, "[default]\nregion = eu-central-1\n")
			return Credentials{Source: SourceProfile, SharedCredentialsFile: []string{file}}
		}, []string{"neither keys nor another way"}},
		{"SSM Agent that is not there", func(t *testing.T) Credentials {
			return Credentials{Source: SourceSSMAgent, SharedCredentialsFile: []string{filepath.Join(t.TempDir(), "none")}}
		}, []string{"none does not exist", "hybrid activation"}},
		{"process that fails", func(*testing.T) Credentials {
			return Credentials{Source: SourceProcess, Process: "echo no certificate >&2; exit 3"}
		}, []string{"it printed: no certificate"}},
		{"nothing anywhere", func(*testing.T) Credentials { return Credentials{} }, []string{"no AWS credentials", "set credentials::source"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			serve(t, awslocal.Options{})
			session, err := Load(t.Context(), Config{Credentials: tt.setup(t)}, Options{})
			if err == nil {
				defer session.Close()
				_, err = session.Credentials.Retrieve(t.Context())
			}
			require.Error(t, err)
			for _, part := range tt.want {
				assert.Contains(t, err.Error(), part)
			}
		})
	}
}

func TestOutputOfAProcessIsNotInTheError(t *testing.T) {
	broken := `{"Version":1,"AccessKeyId":"AKIAX","SecretAccessKey":"very-secret"`
	file := filepath.Join(t.TempDir(), "out")
	write(t, file, broken)
	for name, c := range map[string]func(*testing.T) Credentials{
		"process": func(*testing.T) Credentials { return Credentials{Source: SourceProcess, Process: script(t, file)} },
		"profile": func(t *testing.T) Credentials {
			profile := filepath.Join(t.TempDir(), "config")
			write(t, profile, "[profile p]\ncredential_process = "+script(t, file)+"\n")
			return Credentials{Source: SourceProfile, Profile: "p", ConfigFile: profile}
		},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, awslocal.Options{})
			_, err := load(t, Config{Credentials: c(t)}, Options{}).Credentials.Retrieve(t.Context())
			require.ErrorContains(t, err, "did not print the JSON document")
			assert.NotContains(t, err.Error(), "very-secret")
		})
	}
}

func TestProcessThatPrintsWithoutEndIsStopped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is for a POSIX shell")
	}
	_, err := process{"yes"}.Retrieve(t.Context())
	require.Error(t, err)
}

func TestConfiguredEndpointIsTheServicesAloneAndRoutesCoverSTS(t *testing.T) {
	serve(t, awslocal.Options{})
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "https://env.example")
	s := load(t, Config{Endpoint: "https://own.example"}, Options{Endpoints: map[string]string{"sts": "https://sts.example", "logs": "https://logs.example"}})
	assert.Equal(t, "https://own.example", *cloudwatchlogs.NewFromConfig(s.Config).Options().BaseEndpoint)
	assert.Equal(t, "https://sts.example", *sts.NewFromConfig(s.Config).Options().BaseEndpoint)

	s = load(t, Config{}, Options{Endpoints: map[string]string{"logs": "https://logs.example"}})
	assert.Equal(t, "https://logs.example", *cloudwatchlogs.NewFromConfig(s.Config).Options().BaseEndpoint)
	assert.Equal(t, os.Getenv("AWS_ENDPOINT_URL"), *sts.NewFromConfig(s.Config).Options().BaseEndpoint)

	_, err := Load(t.Context(), Config{}, Options{Endpoints: map[string]string{"sqs": "https://x.example"}})
	require.ErrorContains(t, err, `"sqs"; known are ec2, kms, logs`)
}

func TestFIPSAndDualStackReachSTSToo(t *testing.T) {
	_, r := serveTLS(t, awslocal.Options{})
	c := Config{UseFIPSEndpoint: true, UseDualStackEndpoint: true, Credentials: Credentials{
		Source: SourceStatic, Static: staticKeys(), AssumeRole: []AssumeRole{{RoleARN: roleARN}},
	}}
	_, _ = load(t, c, Options{Router: r}).Credentials.Retrieve(t.Context()) // whether the server has such a name does not matter
	assert.Equal(t, []string{"sts-fips.us-east-1.api.aws:443"}, r.addresses())
}

func TestUserAgentNamesTheProduct(t *testing.T) {
	serve(t, awslocal.Options{})
	var agent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	s := load(t, Config{Endpoint: server.URL, Credentials: Credentials{Source: SourceStatic, Static: staticKeys()}}, Options{UserAgent: "otelcol-cloudwatch/1.2.3"})
	_, err := cloudwatchlogs.NewFromConfig(s.Config).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	require.Error(t, err)
	assert.Contains(t, agent, "otelcol-cloudwatch/1.2.3")
}

func TestSDKTriesOnceUnlessTold(t *testing.T) {
	for attempts, want := range map[int]int{0: 1, 1: 1, 4: 4} {
		serve(t, awslocal.Options{})
		s := load(t, Config{}, Options{MaxAttempts: attempts})
		assert.Equal(t, want, s.Config.Retryer().MaxAttempts())
	}
}

func TestHostWithALongNameGivesASessionName(t *testing.T) {
	assert.True(t, sessionPattern.MatchString(sessionName()), sessionName())
}
