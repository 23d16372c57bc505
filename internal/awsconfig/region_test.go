package awsconfig

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestRegionIsTakenFromTheFirstThatHasOne(t *testing.T) {
	tests := []struct {
		name               string
		config             Config
		options            Options
		env                map[string]string
		profiles           string
		wantRegion, wantOf string
	}{
		{"configured", Config{Region: "eu-west-1"}, Options{DefaultRegion: "eu-west-2"}, map[string]string{"AWS_REGION": "eu-west-3"}, "", "eu-west-1", RegionConfigured},
		{"of the routes", Config{}, Options{DefaultRegion: "eu-west-2"}, map[string]string{"AWS_REGION": "eu-west-3"}, "", "eu-west-2", RegionOfRoutes},
		{"AWS_REGION", Config{}, Options{}, map[string]string{"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-north-1"}, "", "eu-west-3", "AWS_REGION"},
		{"AWS_DEFAULT_REGION", Config{}, Options{}, map[string]string{"AWS_DEFAULT_REGION": "eu-north-1"}, "[default]\nregion = eu-south-1\n", "eu-north-1", "AWS_DEFAULT_REGION"},
		{"the default profile", Config{}, Options{}, nil, "[default]\nregion = eu-south-1\n", "eu-south-1", "profile default"},
		{"AWS_PROFILE", Config{}, Options{}, map[string]string{"AWS_PROFILE": "p"}, "[profile p]\nregion = eu-south-2\n", "eu-south-2", "profile p"},
		{"the configured profile", Config{Credentials: Credentials{Source: SourceProfile, Profile: "p"}}, Options{}, nil, "[profile p]\nregion = eu-south-2\n", "eu-south-2", "profile p"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			awslocal.OutsideAWS(t)
			file := filepath.Join(t.TempDir(), "config")
			write(t, file, tt.profiles)
			t.Setenv("AWS_CONFIG_FILE", file)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			s := load(t, tt.config, tt.options)
			assert.Equal(t, tt.wantRegion, s.Region)
			assert.Equal(t, tt.wantRegion, s.Config.Region)
			assert.Equal(t, tt.wantOf, s.RegionSource)
		})
	}
}

func TestRegionOfTheMachine(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    awslocal.Options
		want string
	}{
		{"an EC2 instance", awslocal.Options{Region: "ap-south-1", EC2: true}, RegionOfInstance},
		{"an ECS task", awslocal.Options{Region: "ap-south-1", ECS: true}, RegionOfTask},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.o)
			onMachine(t, s)
			require.NoError(t, os.Unsetenv("AWS_REGION"))
			r := &router{}
			got := load(t, Config{}, Options{Router: r})
			assert.Equal(t, "ap-south-1", got.Region)
			assert.Equal(t, tt.want, got.RegionSource)
			assert.NotEmpty(t, r.addresses(), "metadata is asked through the router")
		})
	}
}

// silent is a server that takes connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		var connections []net.Conn
		for {
			c, err := listener.Accept()
			if err != nil {
				break
			}
			connections = append(connections, c)
		}
		for _, c := range connections {
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

func TestNoRegionIsAnErrorSoonAndSaysWhatWasTried(t *testing.T) {
	awslocal.OutsideAWS(t)
	nobody := silent(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", nobody)
	t.Setenv("ECS_CONTAINER_METADATA_URI_V4", nobody+"/v4/x")
	start := time.Now()
	_, err := Load(t.Context(), Config{}, Options{})
	assert.Less(t, time.Since(start), 10*regionTimeout)
	require.Error(t, err)
	for _, part := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "profile default", RegionOfTask, RegionOfInstance, "set the key region"} {
		assert.Contains(t, err.Error(), part)
	}
}

func TestWhatCannotBeARegionIsNamedAtOnceWithWhereItIsFrom(t *testing.T) {
	for value, want := range map[string]string{
		"us-east-1 ": `AWS_REGION: "us-east-1 " is not the name of a region; give one such as us-east-1, without the space`,
		"us-east-1a": `AWS_REGION: "us-east-1a" is not the name of a region; give one such as us-east-1, which is the region of that zone`,
		"Frankfurt":  `AWS_REGION: "Frankfurt" is not the name of a region; give one such as eu-central-1`,
	} {
		awslocal.OutsideAWS(t)
		t.Setenv("AWS_REGION", value)
		_, err := Load(t.Context(), Config{}, Options{})
		require.ErrorContains(t, err, want)
	}
}

func TestALoginPageIsNoRegion(t *testing.T) {
	awslocal.OutsideAWS(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet { // the SDK then asks without a token
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		fmt.Fprint(w, "<html>Welcome to the guest network</html>")
	}))
	defer page.Close()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", page.URL)
	t.Setenv("ECS_CONTAINER_METADATA_URI_V4", page.URL)
	_, err := Load(t.Context(), Config{}, Options{})
	require.ErrorContains(t, err, "no AWS region")
	assert.NotContains(t, err.Error(), "guest")
}

func TestRegionOfTaskIsReadFromARNOrZone(t *testing.T) {
	for _, tt := range []struct{ name, body, want, wantError string }{
		{"ARN", `{"TaskARN":"arn:aws:ecs:eu-west-1:123456789012:task/c/1","AvailabilityZone":"eu-west-9a"}`, "eu-west-1", ""},
		{"zone", `{"AvailabilityZone":"us-gov-west-1b"}`, "us-gov-west-1", ""},
		{"local zone", `{"AvailabilityZone":"us-west-2-lax-1a"}`, "", "neither TaskARN"},
		{"no JSON", `hello`, "", "invalid character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tt.body)) }))
			defer server.Close()
			t.Setenv("ECS_CONTAINER_METADATA_URI_V4", server.URL+"/v4/x")
			got, err := regionOfTask(t.Context(), metadataClient(buildable(nil).GetTransport()))
			assert.Equal(t, tt.want, got)
			if tt.wantError != "" {
				require.ErrorContains(t, err, tt.wantError)
			}
		})
	}
}
