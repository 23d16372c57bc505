package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/winaccess"
)

const root = "../../.."

// moment is no whole minute: a zip's and a cabinet's times are even seconds.
var moment = time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)

// release is the layout of this repository around a program that is only text.
func release(t *testing.T) []packed {
	exe := filepath.Join(t.TempDir(), "otelcol-cloudwatch.exe")
	require.NoError(t, os.WriteFile(exe, bytes.Repeat([]byte("MZ stands for the collector "), 1000), 0o755))
	writeNotices(t, exe)
	files, err := layout(root, exe)
	require.NoError(t, err)
	return files
}

// writeNotices puts the licences beside a program, as make does.
func writeNotices(t *testing.T, exe string) {
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(exe), "THIRD_PARTY_NOTICES.txt"), []byte("what is linked into it"), 0o600))
}

func tablesOf(t *testing.T, version string) map[string]table {
	d, err := newDatabase(version, release(t), func(p packed) (int64, error) { return 1, nil })
	require.NoError(t, err)
	d.productCode = uuid("product " + version)
	all := map[string]table{}
	for _, tab := range d.tables() {
		all[tab.name] = tab
	}
	return all
}

// column is a column of a table.
func (t table) column(name string) []string {
	i := slices.IndexFunc(t.columns, func(c string) bool { return strings.HasPrefix(c, name+":") })
	var all []string
	for _, r := range t.rows {
		all = append(all, r[i])
	}
	return all
}

func TestReleaseHasEveryConfigurationForWindows(t *testing.T) {
	var names []string
	for _, f := range release(t) {
		names = append(names, f.name)
	}
	assert.Subset(t, names, []string{
		"LICENSE.txt", "README.md", "SECURITY.md", "THIRD_PARTY_NOTICES.txt", "config/credentials/ssm-agent.yaml", "config/layers/cwagent-metrics-windows.yaml", "config/local.yaml",
		"config/routes/http-proxy.yaml", "config/windows.yaml", "install.ps1", "otelcol-cloudwatch.exe", "uninstall.ps1",
	})
	assert.NotContains(t, names, "config/host.yaml")
	assert.True(t, slices.IsSorted(names))
}

func TestZipHasTheFilesUnderOneFolderAtTheReleasesMoment(t *testing.T) {
	files := release(t)
	var out, again bytes.Buffer
	require.NoError(t, writeZip(&out, "otelcol-cloudwatch-1.2.3-windows-amd64", files, moment))
	require.NoError(t, writeZip(&again, "otelcol-cloudwatch-1.2.3-windows-amd64", files, moment))
	assert.True(t, bytes.Equal(out.Bytes(), again.Bytes()), "the same files make the same bytes")

	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Len(t, z.File, len(files))
	for i, f := range z.File {
		assert.Equal(t, "otelcol-cloudwatch-1.2.3-windows-amd64/"+files[i].name, f.Name)
		assert.True(t, moment.Equal(f.Modified), f.Name)
		r, err := f.Open()
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		want, err := os.ReadFile(files[i].source)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got), f.Name)
	}
}

func TestVersionsAreThoseThatWindowsInstallerCompares(t *testing.T) {
	for version, want := range map[string]string{"1.2.3": "1.2.3", "0.1.0-dev": "0.1.0", "255.255.65535-rc.1+x": "255.255.65535"} {
		got, err := installerVersion(version)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for version, says := range map[string]string{"main": "three numbers", "1.2": "three numbers", "256.0.0": "number 1 is above 255", "1.2.65536": "number 3 is above 65535"} {
		_, err := installerVersion(version)
		assert.ErrorContains(t, err, says, version)
	}
}

// An upgrade recognises by these codes what is installed. A failure here means that upgrades break.
func TestCodesOfComponentsNeverChange(t *testing.T) {
	assert.Equal(t, "{7C0B9C52-7E0B-5D5C-9C1F-2A6B2D8E4F61}", upgradeCode)
	for component, want := range map[string]string{
		program:        "{61319F8C-374F-5693-8958-3B46C72348D4}",
		"windows.yaml": "{A76D0708-C697-507D-973A-1B5736398F51}",
	} {
		assert.Equal(t, want, guid(component), component)
	}
	ids := tablesOf(t, "1.2.3")["Component"].column("ComponentId")
	assert.Equal(t, ids, tablesOf(t, "2.0.0")["Component"].column("ComponentId"))
	slices.Sort(ids)
	assert.Len(t, slices.Compact(ids), len(tablesOf(t, "1.2.3")["Component"].rows))
}

func TestTablesReferToWhatIsThere(t *testing.T) {
	all := tablesOf(t, "1.2.3")
	components := all["Component"].column("Component")
	for _, name := range []string{"File", "Registry", "ServiceInstall", "ServiceControl", "MsiServiceConfig", "CreateFolder", "FeatureComponents"} {
		assert.Subset(t, components, all[name].column("Component_"), name)
	}
	assert.ElementsMatch(t, components, all["FeatureComponents"].column("Component_"))
	directories := all["Directory"].column("Directory")
	assert.Subset(t, append(directories, ""), all["Directory"].column("Directory_Parent"))
	assert.Subset(t, directories, all["Component"].column("Directory_"))
	for _, r := range all["MsiLockPermissionsEx"].rows {
		assert.Contains(t, all[r[2]].column(map[string]string{"CreateFolder": "Directory_", "File": "File"}[r[2]]), r[1])
	}
	signatures := append(all["RegLocator"].column("Signature_"), all["DrLocator"].column("Signature_")...)
	assert.ElementsMatch(t, signatures, all["AppSearch"].column("Signature_"), "each search has its place, once")
	secure := strings.Split(all["Property"].column("Value")[slices.Index(all["Property"].column("Property"), "SecureCustomProperties")], ";")
	assert.Subset(t, secure, all["AppSearch"].column("Property"), "they reach the part that is elevated")
	for _, r := range all["CustomAction"].rows {
		switch r[1] {
		case strconv.Itoa(actionProgram), strconv.Itoa(actionProgramAny):
			assert.Contains(t, all["File"].column("File"), r[2], r[0])
		case strconv.Itoa(actionCommand):
			assert.Contains(t, directories, r[2], r[0])
		case strconv.Itoa(actionSetProperty):
			assert.Contains(t, secure, r[2], r[0])
		}
	}

	actions := all["CustomAction"].column("Action")
	sequenced := all["InstallExecuteSequence"].column("Action")
	assert.Subset(t, sequenced, actions, "each action of ours is run")
	identifier := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]{0,71}$`)
	for name, tab := range all {
		seen := map[string]bool{}
		for _, r := range tab.rows {
			require.Len(t, r, len(tab.columns), name)
			k := strings.Join(r[:tab.keys], "\t")
			assert.False(t, seen[k], "%s has two rows %s", name, k)
			seen[k] = true
			for i, c := range tab.columns {
				_, kind, _ := strings.Cut(c, ":")
				assert.False(t, r[i] == "" && kind[0] >= 'a' && kind[0] <= 'z', "%s: %v has no %s", name, r, c)
				assert.NotContains(t, r[i], "\n")
				if width, _ := strconv.Atoi(kind[1:]); width > 2 && (kind[0]|0x20 == 's' || kind[0]|0x20 == 'l') {
					assert.LessOrEqual(t, len(r[i]), width, "%s: %s", name, c)
				}
			}
			if name == "File" || name == "Component" || name == "Directory" {
				assert.Regexp(t, identifier, r[0])
			}
		}
	}
}

func TestShortNamesAreTheOnlyOnesOfTheirFolder(t *testing.T) {
	all := tablesOf(t, "1.2.3")
	folder := map[string]string{}
	for i, c := range all["Component"].column("Component") {
		folder[c] = all["Component"].column("Directory_")[i]
	}
	eightThree := regexp.MustCompile(`^[A-Za-z0-9_]{1,8}(\.[A-Za-z0-9_]{1,3})?$`)
	seen := map[string]bool{}
	for i, name := range all["File"].column("FileName") {
		s, _, _ := strings.Cut(name, "|")
		assert.Regexp(t, eightThree, s)
		where := folder[all["File"].column("Component_")[i]] + "/" + strings.ToUpper(s)
		assert.False(t, seen[where], where)
		seen[where] = true
	}
}

func TestScriptsDoWhatTheInstallerDoes(t *testing.T) {
	install, err := os.ReadFile("../install.ps1")
	require.NoError(t, err)
	uninstall, err := os.ReadFile("../uninstall.ps1")
	require.NoError(t, err)
	for _, want := range []string{
		"$name = '" + serviceName + "'", "$displayName = '" + serviceDisplayName + "'", "$description = '" + serviceDescription + "'",
		"$serviceSid = '" + winaccess.ServiceSID(serviceName) + "'", `$virtualAccount = "NT SERVICE\$name"`, `'HKLM:\` + keptKey + `'`,
		"'service', 'setup'", "'--fresh'", `Services\EventLog\Application\$name`, `'%SystemRoot%\System32\EventCreate.exe'`,
		"'start=', 'delayed-auto'", "'failureflag', $name, '1'", "-Name TypesSupported -PropertyType DWord -Force -Value 7",
		`dir:$configDir\config.d?optional=true`, "(Join-Path $configDir 'windows.yaml')", "SupportsShouldProcess",
	} {
		assert.Contains(t, string(install), want)
	}
	list := regexp.MustCompile(`SddlForm\("(.+)"\)`).FindStringSubmatch(string(install))
	require.NotNil(t, list)
	for rights, want := range map[string]string{"0x1200a9": winaccess.FolderSDDL(serviceName), "0x1301bf": winaccess.StateSDDL(serviceName)} {
		assert.Equal(t, want, strings.NewReplacer("$Rights", rights, "$serviceSid", winaccess.ServiceSID(serviceName)).Replace(list[1]))
		assert.Contains(t, string(install), "'"+rights+"'")
	}
	assert.Contains(t, string(uninstall), "'service', 'teardown'")
	assert.Contains(t, string(uninstall), `'HKLM:\`+keptKey+`'`)
	actions := regexp.MustCompile(`actions= (\S+)$`).FindStringSubmatch(recovery)
	assert.Contains(t, string(install), "$recovery = '"+actions[1]+"'")
	assert.Contains(t, recovery, "reset= 3600 ")
	assert.Contains(t, string(install), "'reset=', '3600'")
	for _, script := range []string{string(install), string(uninstall)} {
		assert.Contains(t, script, `'HKLM:\`+ownKey+`'`, "the MSI's installation is left to Windows Installer")
		for _, r := range script {
			require.Less(t, r, rune(128), "Windows PowerShell reads a script without a byte order mark in the host's code page")
		}
	}
}

func TestWhatIsMissingIsSaidWithItsRemedy(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := writeMSI(filepath.Join(t.TempDir(), "x.msi"), "1.2.3", release(t), moment)
	assert.ErrorContains(t, err, "apt-get install")

	t.Setenv("SOURCE_DATE_EPOCH", "")
	_, err = sourceDate()
	assert.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
}
