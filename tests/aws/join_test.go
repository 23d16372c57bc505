package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// embedded are the files that join.sh is put into, with what stands before and behind it there, and how far it is indented.
var embedded = map[string]struct{ before, behind, indent string }{
	"ec2.yaml":         {"    content: |\n      #!/bin/sh\n", "  # end of join.sh\n", "      "},
	"azure.yaml":       {"    content: |\n      #!/bin/sh\n", "  # end of join.sh\n", "      "},
	"gcp.yaml":         {"    content: |\n      #!/bin/sh\n", "  # end of join.sh\n", "      "},
	"on-premises.yaml": {"    content: |\n      #!/bin/sh\n", "  # end of join.sh\n", "      "},
	"gcp-startup.sh":   {"<<'JOIN'\n#!/bin/sh\n", "JOIN\nchmod", ""},
}

func TestUserDataHasTheScriptAsItIs(t *testing.T) {
	script, err := os.ReadFile(distribution + "cloud-init/join.sh")
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(script), "\n")
	for name, at := range embedded {
		path := distribution + "cloud-init/" + name
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		before, rest, ok := strings.Cut(string(text), at.before)
		require.True(t, ok, name)
		_, behind, ok := strings.Cut(rest, at.behind)
		require.True(t, ok, name)
		var indented strings.Builder
		for line := range strings.Lines(body) {
			if line != "\n" {
				indented.WriteString(at.indent)
			}
			indented.WriteString(line)
		}
		want := before + at.before + indented.String() + at.behind + behind
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
			text = []byte(want)
		}
		assert.Equal(t, want, string(text), "%s is stale: run %s", name, refresh)
		assert.LessOrEqual(t, len(text), 16<<10, "%s: what EC2 takes as user data", name)
	}
}

// What everybody may read has no secret, and what has one is root's alone.
func TestUserDataKeepsSecretsToRoot(t *testing.T) {
	t.Parallel()
	for name := range embedded {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		text, err := os.ReadFile(distribution + "cloud-init/" + name)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "#cloud-config\n"), name)
		var data struct {
			WriteFiles []struct{ Path, Permissions, Content string } `yaml:"write_files"`
			RunCmd     [][]string                                    `yaml:"runcmd"`
		}
		require.NoError(t, yaml.Unmarshal(text, &data))
		assert.Equal(t, [][]string{{"/usr/local/sbin/otelcol-cloudwatch-join"}}, data.RunCmd)
		for _, f := range data.WriteFiles {
			if strings.Contains(f.Content, "ACTIVATION-CODE") {
				assert.Equal(t, "on-premises.yaml", name)
				assert.Equal(t, "0600", f.Permissions)
			}
		}
	}
}

func TestCloudInitTakesTheUserData(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("cloud-init")
	if err != nil {
		t.Skip("cloud-init is not installed (Debian's package cloud-init)")
	}
	for name := range embedded {
		if strings.HasSuffix(name, ".yaml") {
			out, err := exec.Command(program, "schema", "--config-file", distribution+"cloud-init/"+name).CombinedOutput()
			assert.NoError(t, err, "%s", out)
		}
	}
}

func TestShellcheckFindsNothing(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("shellcheck is not installed (Debian's package shellcheck)")
	}
	var scripts []string
	for _, pattern := range []string{"*.sh", "*/*.sh", "*/*/*.sh"} {
		found, err := filepath.Glob(distribution + pattern)
		require.NoError(t, err)
		scripts = append(scripts, found...)
	}
	require.GreaterOrEqual(t, len(scripts), 7)
	out, err := exec.Command(program, scripts...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

const (
	aPackage  = "a package"
	activated = "11111111-2222-3333-4444-555555555555 SECRETCODE+/x"
	// aCurl answers by address; an address that it does not know is an error.
	aCurl = `while [ $# -gt 0 ]; do case $1 in --output) to=$2; shift ;; --config) cat >"$ROOT/curl-config" ; shift ;; http*) url=$1 ;; esac; shift; done
case $url in
*/otelcol-cloudwatch_1.2.3_amd64.deb) printf 'a package' >"$to" ;;
*/debian_amd64/amazon-ssm-agent.deb) printf agent >"$to" ;;
http://169.254.169.254/metadata/identity/*) echo '{"access_token":"AZURETOKEN","expires_in":"1"}' ;;
http://169.254.169.254/computeMetadata/*) echo '{"access_token":"GCPTOKEN","token_type":"Bearer"}' ;;
https://vault.vault.azure.net/secrets/activation*) echo '{"value":"11111111-2222-3333-4444-555555555555 SECRETCODE+/x","id":"x"}' ;;
https://secretmanager.googleapis.com/v1/projects/p/secrets/activation/versions/latest:access)
  printf '{"name":"n","payload":{"data":"%s"}}' "$(printf '11111111-2222-3333-4444-555555555555 SECRETCODE+/x' | base64 -w0)" ;;
*) echo "curl: unknown $url" >&2; exit 22 ;;
esac`
	// aDpkg makes what the packages have.
	aDpkg = `case "$*" in
*package.deb) mkdir -p "$ROOT/etc/otelcol-cloudwatch/config.d"; touch "$ROOT/etc/otelcol-cloudwatch/environment"
  mkdir -p "$ROOT/usr/bin"; cp "$ROOT/agent" "$ROOT/usr/bin/otelcol-cloudwatch" ;;
*agent.deb) cp "$ROOT/agent" "$ROOT/bin/amazon-ssm-agent" ;;
esac`
	anAgent = "#!/bin/sh\necho \"amazon-ssm-agent $*\" >>\"$ROOT/calls\"\nmkdir -p \"$ROOT/var/lib/amazon/ssm\"; touch \"$ROOT/var/lib/amazon/ssm/registration\"\n"
)

func TestJoinIsIdempotentAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(aPackage))
	base := "PACKAGE_URL='https://releases.example/otelcol-cloudwatch_1.2.3_{arch}.deb'\nPACKAGE_SHA256='arm64=x amd64=" + hex.EncodeToString(sum[:]) + "'\n"
	elsewhere := "AWS_REGION='eu-central-1'\nCONFIGURATION='ssm:/otelcol-cloudwatch/fleet/'\n"
	for _, test := range []struct {
		name, conf string
		registers  bool
		token      string
	}{
		{"EC2", base + "CONFIGURATION='ssm:/otelcol-cloudwatch/fleet/'\n", false, ""},
		{"Azure", base + elsewhere + "ACTIVATION='azure:https://vault.vault.azure.net/secrets/activation'\n", true, "AZURETOKEN"},
		{"GCP", base + elsewhere + "ACTIVATION='gcp:projects/p/secrets/activation'\n", true, "GCPTOKEN"},
		{"on premises", base + elsewhere + "ACTIVATION='file:/root/activation'\n", true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, map[string]string{"systemctl": aSystemd, "curl": aCurl, "dpkg": aDpkg, "uname": "echo x86_64"})
			m.file("agent", anAgent, 0o755)
			m.file("root/activation", activated+"\n", 0o600)
			m.file("etc/otelcol-cloudwatch-join.conf", test.conf, 0o644)
			out, err := m.run(distribution + "cloud-init/join.sh")
			require.NoError(t, err, out)
			first := m.calls()
			assert.Contains(t, first, "dpkg --install --force-confdef --force-confold")
			assert.Contains(t, first, "systemctl enable --quiet otelcol-cloudwatch")
			assert.Contains(t, first, "systemctl restart otelcol-cloudwatch")
			assert.Equal(t, "-rw-------", m.mode("etc/otelcol-cloudwatch/environment"))
			assert.Contains(t, m.read("etc/otelcol-cloudwatch/environment"), "OTELCOL_CLOUDWATCH_OPTIONS=--config ssm:/otelcol-cloudwatch/fleet/\n")
			register := "amazon-ssm-agent -register -y -id 11111111-2222-3333-4444-555555555555 -code SECRETCODE+/x -region eu-central-1"
			layer := m.read("etc/otelcol-cloudwatch/config.d/20-ssm-agent.yaml")
			if test.registers {
				assert.Contains(t, first, register)
				assert.Contains(t, layer, "region: eu-central-1")
				assert.Equal(t, "-rw-r--r--", m.mode("etc/otelcol-cloudwatch/config.d/20-ssm-agent.yaml"))
			} else {
				assert.NotContains(t, first, "amazon-ssm-agent")
				assert.Empty(t, layer)
			}
			if test.token != "" {
				assert.Contains(t, m.read("curl-config"), test.token)
				assert.NotContains(t, first, test.token, "a token in arguments is seen by every process")
			}
			if strings.Contains(test.conf, "file:") {
				assert.NoFileExists(t, filepath.Join(m.root, "root/activation"))
			}
			require.NoError(t, os.RemoveAll(filepath.Join(m.root, "curl-config")))
			_ = os.Remove(filepath.Join(m.root, "bin/amazon-ssm-agent"))
			secrets(t, m.root, out)

			out, err = m.run(distribution + "cloud-init/join.sh")
			require.NoError(t, err, out)
			assert.Equal(t, "uname -m\nsystemctl enable --quiet otelcol-cloudwatch\nsystemctl is-active --quiet otelcol-cloudwatch\n", m.calls(), "the second time")
			assert.Empty(t, out)

			require.NoError(t, os.Remove(filepath.Join(m.root, "usr/bin/otelcol-cloudwatch")))
			out, err = m.run(distribution + "cloud-init/join.sh")
			require.NoError(t, err, out)
			assert.Contains(t, m.calls(), "dpkg --install", "it was removed")
		})
	}
}

// secrets asserts that no file has one that others than root may read, nor what was printed.
func secrets(t *testing.T, root, printed string) {
	t.Helper()
	assert.NotContains(t, printed, "SECRETCODE")
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Dir(path) == filepath.Join(root, "bin") || d.Name() == "calls" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			assert.NotRegexp(t, "SECRETCODE|AZURETOKEN|GCPTOKEN", string(text), path)
		}
		return err
	}))
}

func TestJoinSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ conf, want string }{
		"no address":          {"", "PACKAGE_URL is not set"},
		"no package":          {"PACKAGE_URL='https://x/y.zip'", "neither a deb nor an rpm"},
		"no checksum":         {"PACKAGE_URL='https://x/y.deb'\nPACKAGE_SHA256='arm64=1'", "no checksum for amd64"},
		"another checksum":    {"PACKAGE_URL='https://x/otelcol-cloudwatch_1.2.3_{arch}.deb'\nPACKAGE_SHA256='" + strings.Repeat("0", 64) + "'", "another checksum"},
		"nowhere to be found": {"PACKAGE_URL='https://x/y.deb'\nPACKAGE_SHA256='1'", "curl: unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, map[string]string{"systemctl": aSystemd, "curl": aCurl, "dpkg": aDpkg, "uname": "echo x86_64"})
			m.file("etc/otelcol-cloudwatch-join.conf", test.conf, 0o644)
			out, err := m.run(distribution + "cloud-init/join.sh")
			require.Error(t, err)
			assert.Contains(t, out, test.want)
			assert.NotContains(t, m.calls(), "dpkg", "nothing is installed")
		})
	}
}
