package ecs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const distribution = "../../distributions/ecs"

var kinds = []string{"fargate", "ec2", "daemon"}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(distribution, path))
	require.NoError(t, err)
	return text
}

func decode(t *testing.T, text []byte) (v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, &v), "%s", text)
	return v
}

// register takes a task definition strictly, as the API does: the SDK knows each name and what is required, and sends
// exactly what was given.
func register(t *testing.T, text []byte) *ecs.RegisterTaskDefinitionInput {
	t.Helper()
	var in ecs.RegisterTaskDefinitionInput
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&in))
	var sent []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	client := ecs.New(ecs.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "x", SecretAccessKey: "y"}, nil
		}),
	})
	_, err := client.RegisterTaskDefinition(context.Background(), &in)
	require.NoError(t, err)
	require.Equal(t, decode(t, text), decode(t, sent), "names are written as the API has them, and nothing is left out")
	enumerations(t, "", reflect.ValueOf(in))
	return &in
}

// enumerations fails for a value that the API's list does not have.
func enumerations(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	if v.Kind() == reflect.String && v.String() != "" {
		if values := v.MethodByName("Values"); values.IsValid() {
			all := values.Call(nil)[0]
			ok := false
			for i := range all.Len() {
				ok = ok || all.Index(i).String() == v.String()
			}
			assert.True(t, ok, "%s: %q is none of %v", path, v, all)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			enumerations(t, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				enumerations(t, path+"."+f.Name, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			enumerations(t, path+"["+strconv.Itoa(i)+"]", v.Index(i))
		}
	}
}

func TestTaskDefinitionsAreTakenByTheAPI(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			check(t, register(t, read(t, "task-definitions/"+kind+".json")))
		})
	}
}

// fargateMemory are the sizes in MiB that Fargate has for CPU units (Amazon ECS Developer Guide, "Task size").
var fargateMemory = map[string][]string{
	"256": {"512", "1024", "2048"}, "512": {"1024", "2048", "3072", "4096"},
}

// check is what the API checks beyond the types, and what our README promises of each definition.
func check(t *testing.T, in *ecs.RegisterTaskDefinitionInput) {
	t.Helper()
	fargate := slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate)
	containers := map[string]types.ContainerDefinition{}
	volumes := map[string]bool{}
	essential, memory := 0, int32(0)
	for _, v := range in.Volumes {
		volumes[*v.Name] = true
		if fargate {
			assert.Nil(t, v.DockerVolumeConfiguration, "Fargate has bind mounts only")
			assert.Nil(t, v.Host, "Fargate has no host")
		}
	}
	used := map[string]bool{}
	for _, c := range in.ContainerDefinitions {
		assert.NotContains(t, containers, *c.Name)
		containers[*c.Name] = c
		if c.Essential == nil || *c.Essential {
			essential++
		}
		memory += aws.ToInt32(c.Memory)
		for _, m := range c.MountPoints {
			assert.True(t, volumes[*m.SourceVolume], "%s mounts %s", *c.Name, *m.SourceVolume)
			used[*m.SourceVolume] = true
		}
		if fargate {
			assert.LessOrEqual(t, *c.StopTimeout, int32(120), "Fargate's most")
			assert.Empty(t, c.Links)
			assert.Empty(t, c.DockerSecurityOptions)
			assert.Nil(t, c.Privileged)
			for _, u := range c.Ulimits {
				assert.Equal(t, types.UlimitNameNofile, u.Name, "Fargate has no other")
			}
		}
	}
	assert.Positive(t, essential, "one container is essential")
	assert.Equal(t, volumes, used, "each volume is mounted")
	if fargate {
		assert.Equal(t, types.NetworkModeAwsvpc, in.NetworkMode)
		assert.Contains(t, fargateMemory[*in.Cpu], *in.Memory)
		most, err := strconv.Atoi(*in.Memory)
		require.NoError(t, err)
		assert.LessOrEqual(t, int(memory), most)
	}
	for _, c := range in.ContainerDefinitions {
		for _, d := range c.DependsOn {
			on, ok := containers[*d.ContainerName]
			require.True(t, ok, "%s depends on %s", *c.Name, *d.ContainerName)
			if d.Condition == types.ContainerConditionHealthy {
				assert.NotNil(t, on.HealthCheck, "%s can never be healthy", *on.Name)
			}
		}
		for _, l := range c.Links {
			assert.Contains(t, containers, l)
			assert.Equal(t, types.NetworkModeBridge, in.NetworkMode)
		}
	}

	collector, ok := containers["collector"]
	require.True(t, ok)
	assert.True(t, *collector.ReadonlyRootFilesystem)
	assert.Equal(t, []string{"ALL"}, collector.LinuxParameters.Capabilities.Drop)
	assert.True(t, *collector.RestartPolicy.Enabled)
	assert.Equal(t, []string{"CMD", "otelcol-cloudwatch", "healthcheck"}, collector.HealthCheck.Command, "a shell is not in the image")
	variables := map[string]string{}
	for _, v := range collector.Environment {
		variables[*v.Name] = *v.Value
	}
	assert.Contains(t, variables, "AWS_REGION", "nobody is asked for the region")
	limit, err := strconv.Atoi(strings.TrimSuffix(variables["GOMEMLIMIT"], "MiB"))
	require.NoError(t, err)
	assert.Less(t, int32(limit), *collector.Memory, "the garbage collector's limit is below the kernel's")
	for _, config := range collector.Command {
		if name, ok := strings.CutPrefix(config, "env:"); ok {
			assert.True(t, slices.ContainsFunc(collector.Secrets, func(s types.Secret) bool { return *s.Name == name }), "%s is not set", name)
		}
		if path, ok := strings.CutPrefix(config, "/etc/otelcol-cloudwatch/"); ok {
			assert.FileExists(t, "../../config/"+path)
		}
	}
	if app, ok := containers["app"]; ok { // and the instance's collector is root, to read its files
		assert.NotRegexp(t, `^(0|root)?(:|$)`, aws.ToString(collector.User))
		assert.False(t, *collector.Essential, "the application outlives the collector")
		require.Len(t, app.DependsOn, 1, "the application starts after the collector, and is stopped before it")
		assert.Equal(t, types.ContainerConditionHealthy, app.DependsOn[0].Condition)
		// The drain of config/ecs.yaml, and the ten seconds that exporters have after it.
		assert.GreaterOrEqual(t, *collector.StopTimeout, int32(75+10))
		assert.Contains(t, string(read(t, "../../config/ecs.yaml")), "OTELCOL_CLOUDWATCH_DRAIN_TIMEOUT:-75s}")
	}
}

func TestTheCheckFindsMistakes(t *testing.T) {
	text := string(read(t, "task-definitions/fargate.json"))
	require.False(t, fails(t, func(t *testing.T) { check(t, register(t, []byte(text))) }), "what is right is")
	for name, broken := range map[string]string{
		"a wrong name":  strings.Replace(text, `"stopTimeout"`, `"stopTimeOut2"`, 1),
		"a wrong case":  strings.Replace(text, `"stopTimeout"`, `"StopTimeout"`, 1),
		"a wrong value": strings.Replace(text, `"HEALTHY"`, `"READY"`, 1),
		"a wrong type":  strings.Replace(text, `"stopTimeout": 90`, `"stopTimeout": "90"`, 1),
		"no container":  strings.Replace(text, `"containerName": "collector"`, `"containerName": "agent"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, text, broken)
			assert.True(t, fails(t, func(t *testing.T) { check(t, register(t, []byte(broken))) }), "it is found")
		})
	}
}

// fails runs a check on a test of its own, and tells whether it fails.
func fails(t *testing.T, f func(*testing.T)) bool {
	t.Helper()
	probe := &testing.T{}
	done := make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				panic(fmt.Sprint("the check itself: ", r))
			}
		}()
		f(probe)
	}()
	<-done
	return probe.Failed()
}

func TestPoliciesAreJSON(t *testing.T) {
	for _, name := range []string{"trust", "task-role", "daemon-role", "execution-role"} {
		policy, ok := decode(t, read(t, "policies/"+name+".json")).(map[string]any)
		require.True(t, ok)
		assert.Equal(t, "2012-10-17", policy["Version"])
		for _, s := range policy["Statement"].([]any) {
			s := s.(map[string]any)
			assert.Equal(t, "Allow", s["Effect"])
			if resources, ok := s["Resource"].([]any); ok && slices.Contains(resources, any("*")) {
				assert.Equal(t, []any{"ecr:GetAuthorizationToken"}, s["Action"], "nothing else needs every resource")
			}
		}
	}
}
