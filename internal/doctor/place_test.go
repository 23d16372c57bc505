package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// write makes a file of a host.
func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestThePlaceAndHowItIsKnown(t *testing.T) {
	const dmi = "/sys/class/dmi/id/"
	for name, c := range map[string]struct {
		env    map[string]string
		files  map[string]string
		ec2    bool
		ecs    bool
		status Status
		detail string
		facts  map[string]string
	}{
		"on premises": {status: OK, detail: "on premises", facts: map[string]string{"instance metadata": "AWS_EC2_METADATA_DISABLED"}},
		"hybrid activation": {
			files:  map[string]string{"/var/lib/amazon/ssm/registration": `{"ManagedInstanceID":"mi-0123","Region":"eu-central-1"}`, dmi + "sys_vendor": "Dell Inc.\n"},
			status: OK, detail: "on premises", facts: map[string]string{"hybrid activation": "mi-0123 in eu-central-1", "firmware": "Dell Inc."},
		},
		"EC2":                         {ec2: true, status: OK, detail: "EC2 instance i-0abcdef1234567890", facts: map[string]string{"instance": "t3.micro, us-east-1a", "known by": "metadata service, version 2"}},
		"EC2 without metadata":        {files: map[string]string{dmi + "sys_vendor": "Amazon EC2", dmi + "board_asset_tag": "i-0123"}, status: Warning, detail: "does not answer", facts: map[string]string{"known by": "i-0123"}},
		"EC2 of the Xen kind":         {files: map[string]string{dmi + "sys_vendor": "Xen", dmi + "product_uuid": "EC2F58AF-1234"}, status: Warning, detail: "EC2 instance"},
		"ECS":                         {ecs: true, status: OK, detail: "ECS task", facts: map[string]string{"task": "arn:aws:ecs:us-east-1:", "known by": "ECS_CONTAINER_METADATA_URI_V4"}},
		"ECS that does not answer":    {env: map[string]string{"ECS_CONTAINER_METADATA_URI_V4": "http://127.0.0.1:1/v4/x"}, status: Warning, detail: "ECS task"},
		"EKS with pod identity":       {env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}, status: OK, detail: "EKS pod with a pod identity"},
		"EKS with a service account":  {env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}, status: OK, detail: "EKS pod with a role"},
		"Kubernetes on EC2":           {env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, files: map[string]string{dmi + "sys_vendor": "Amazon EC2"}, status: OK, detail: "probably EKS"},
		"Kubernetes elsewhere":        {env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, status: OK, detail: "outside of EKS"},
		"Azure":                       {files: map[string]string{dmi + "sys_vendor": "Microsoft Corporation", dmi + "chassis_asset_tag": hostfacts.AzureChassis}, status: OK, detail: "Azure"},
		"Hyper-V elsewhere":           {files: map[string]string{dmi + "sys_vendor": "Microsoft Corporation"}, status: OK, detail: "on premises"},
		"Google":                      {files: map[string]string{dmi + "sys_vendor": "Google", dmi + "product_name": "Google Compute Engine"}, status: OK, detail: "Google Compute Engine"},
		"registration of another use": {files: map[string]string{"/var/lib/amazon/ssm/registration": "{"}, status: OK, detail: "on premises", facts: map[string]string{"hybrid activation": "registration exists"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, awslocal.Options{EC2: c.ec2, ECS: c.ecs})
			for _, v := range s.Metadata.Env(s.URL) {
				key, value, _ := strings.Cut(v, "=")
				t.Setenv(key, value)
			}
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			root := t.TempDir()
			for path, text := range c.files {
				write(t, root, path, text)
			}
			got := findPlace(t.Context(), Options{Root: root})
			assert.Equal(t, c.status, got.Status)
			assert.Contains(t, got.Detail, c.detail)
			assert.Equal(t, c.status == Warning, got.Remedy != "")
			for name, value := range c.facts {
				assert.Contains(t, got.value(name), value, name)
			}
		})
	}
}

// Another cloud has its own service at the address of EC2's.
func TestAnotherCloudsMetadataServiceIsNotAsked(t *testing.T) {
	bare(t)
	require.NoError(t, os.Unsetenv("AWS_EC2_METADATA_DISABLED"))
	root := t.TempDir()
	write(t, root, "/sys/class/dmi/id/sys_vendor", "Google")
	document, why := askInstance(t.Context(), hostfacts.ReadMachine(root))
	assert.Nil(t, document)
	assert.Contains(t, why, "another cloud's")
}
