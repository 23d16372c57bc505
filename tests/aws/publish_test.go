package aws

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// anAWS is the AWS CLI as far as publish.sh asks it: documents are files, with a line for each version.
const anAWS = `name=; version=; previous=
for argument; do case $previous in --name) name=$argument ;; --version-name) version=$argument ;; esac; previous=$argument; done
case "$1 $2" in
"s3api get-bucket-location") echo eu-central-1 ;;
"ssm describe-document") [ -e "$ROOT/document-$name" ] || exit 254; [ -z "$version" ] || grep -qxF "$version" "$ROOT/document-$name" ;;
"ssm create-document" | "ssm update-document") echo "$version" >>"$ROOT/document-$name"; wc -l <"$ROOT/document-$name" ;;
esac`

func TestPublishMakesEachVersionOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t, map[string]string{"aws": anAWS})
	m.env = append(m.env, "DIST="+m.root, "PARAMETERS=TagKey=team TagValue=web")
	script, err := filepath.Abs(distribution + "publish.sh")
	require.NoError(t, err)
	wrapper := filepath.Join(m.root, "publish")
	require.NoError(t, os.WriteFile(wrapper, []byte("exec bash "+script+" \"$@\"\n"), 0o700))

	out, err := m.run(wrapper, "1.2.3", "bucket")
	require.Error(t, err)
	assert.Contains(t, out, "run make package VERSION=1.2.3")

	for _, version := range []string{"1.2.3", "1.2.4"} {
		m.file("otelcol-cloudwatch_"+version+"_distributor_manifest.json", "{}", 0o600)
	}
	out, err = m.run(wrapper, "1.2.3", "bucket")
	require.NoError(t, err, out)
	calls := m.calls()
	assert.Contains(t, calls, "--attachments Key=SourceUrl,Values=https://bucket.s3.eu-central-1.amazonaws.com/otelcol-cloudwatch/1.2.3")
	assert.Contains(t, calls, "ssm create-document --name otelcol-cloudwatch --version-name 1.2.3 --document-type Package")
	assert.Contains(t, calls, "ssm create-document --name OtelcolCloudWatch-Manage --version-name 1.2.3 --document-type Command")
	assert.Contains(t, calls, "--parameter-overrides PackageName=otelcol-cloudwatch DocumentName=OtelcolCloudWatch-Manage TagKey=team TagValue=web")

	out, err = m.run(wrapper, "1.2.3", "bucket")
	require.NoError(t, err, out)
	calls = m.calls()
	assert.NotContains(t, calls, "create-document")
	assert.NotContains(t, calls, "update-document ")

	out, err = m.run(wrapper, "1.2.4", "bucket")
	require.NoError(t, err, out)
	calls = m.calls()
	assert.Equal(t, 2, strings.Count(calls, "ssm update-document --name"))
	assert.Equal(t, 2, strings.Count(calls, "ssm update-document-default-version --name"))
	assert.Contains(t, calls, "--name otelcol-cloudwatch --document-version 2")
}

// rpm knows a package by what a file says that the tests write.
const anRPM = `case "$*" in
"--query --package"*) echo otelcol-cloudwatch-1.2.3-1.x86_64 ;;
"--query otelcol-cloudwatch") [ -e "$ROOT/installed" ] || exit 1; cat "$ROOT/installed" ;;
esac`

func TestDistributorsScripts(t *testing.T) {
	t.Parallel()
	// folder is what Distributor unpacks.
	folder := func(m *machine, packages ...string) string {
		dir := filepath.Join(m.root, "package")
		require.NoError(t, os.CopyFS(dir, os.DirFS(distribution+"distributor/linux")))
		for _, p := range packages {
			m.file("package/"+p, "", 0o600)
		}
		return dir
	}
	programs := map[string]string{
		"otelcol-cloudwatch": "echo 1.2.3", "dpkg": "", "apt-get": "", "rpm": anRPM, "dnf": "", "systemctl": aSystemd,
	}
	m := newMachine(t, programs)
	dir := folder(m, "otelcol-cloudwatch_1.2.3_amd64.deb")
	out, err := m.run(filepath.Join(dir, "install.sh"))
	require.NoError(t, err, out)
	calls := m.calls()
	assert.Contains(t, calls, "dpkg --install --force-confdef --force-confold ./otelcol-cloudwatch_1.2.3_amd64.deb")
	assert.NotContains(t, calls, "rpm")
	out, err = m.run(filepath.Join(dir, "uninstall.sh"))
	require.NoError(t, err, out)
	calls = m.calls()
	assert.Contains(t, calls, "dpkg --remove otelcol-cloudwatch")
	assert.NotContains(t, calls, "purge")

	m = newMachine(t, programs)
	dir = folder(m, "otelcol-cloudwatch-1.2.3-1.x86_64.rpm")
	out, err = m.run(filepath.Join(dir, "update.sh"))
	require.NoError(t, err, out)
	assert.Contains(t, m.calls(), "dnf install --assumeyes --nogpgcheck ./otelcol-cloudwatch-1.2.3-1.x86_64.rpm")
	m.file("installed", "otelcol-cloudwatch-1.2.3-1.x86_64\n", 0o600)
	out, err = m.run(filepath.Join(dir, "update.sh"))
	require.NoError(t, err, out)
	assert.NotContains(t, m.calls(), "dnf", "it is there")

	m = newMachine(t, programs)
	out, err = m.run(filepath.Join(folder(m), "install.sh"))
	require.Error(t, err)
	assert.Contains(t, out, "neither a deb nor an rpm")
}

func TestInstallAndUpdateAreTheSame(t *testing.T) {
	t.Parallel()
	for _, of := range []struct{ folder, suffix string }{{"linux", ".sh"}, {"windows", ".ps1"}} {
		var texts []string
		for _, name := range []string{"install", "update"} {
			text, err := os.ReadFile(distribution + "distributor/" + of.folder + "/" + name + of.suffix)
			require.NoError(t, err)
			texts = append(texts, string(text))
		}
		assert.Equal(t, texts[0], strings.Replace(texts[1], "install"+of.suffix+" is the same", "update"+of.suffix+" is the same", 1))
	}
}
