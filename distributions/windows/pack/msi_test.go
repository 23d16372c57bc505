package main

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/winaccess"
)

// buildMSI makes an installer, or skips the test where the tools are missing.
func buildMSI(t *testing.T, version string, files []packed, at time.Time) string {
	for _, tool := range []string{"msibuild", "msiinfo", "gcab"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("OTELCOL_CLOUDWATCH_REQUIRE_MSITOOLS") != "" {
				t.Fatalf("%s is missing: apt-get install msitools gcab", tool)
			}
			t.Skipf("%s is missing: apt-get install msitools gcab, or run make test-windows on a host with them", tool)
		}
	}
	out := filepath.Join(t.TempDir(), "otelcol-cloudwatch.msi")
	require.NoError(t, writeMSI(out, version, files, at))
	return out
}

// export is a table of an installer, by its first column.
func export(t *testing.T, msi, name string) map[string][]string {
	text, err := exec.Command("msiinfo", "export", msi, name).CombinedOutput()
	require.NoError(t, err, string(text))
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	require.Greater(t, len(lines), 2, name)
	rows := map[string][]string{}
	for _, line := range lines[3:] {
		fields := strings.Split(line, "\t")
		rows[fields[0]] = fields[1:]
	}
	return rows
}

func TestInstallerSaysWhatTheServiceIs(t *testing.T) {
	msi := buildMSI(t, "1.2.3-rc.1", release(t), moment)

	assert.Equal(t, map[string][]string{"Service": {
		"otelcol-cloudwatch", serviceDisplayName, "16", "2", "1", "", "", "[SERVICE_ACCOUNT]", "", "[ARGUMENTS]", program, serviceDescription,
	}}, export(t, msi, "ServiceInstall"), "a process of its own, started with Windows")
	assert.Equal(t, map[string][]string{
		"Stop":  {"otelcol-cloudwatch", "162", "", "1", program}, // before files are replaced and removed, waited for; deleted at removal
		"Start": {"otelcol-cloudwatch", "1", "", "0", program},   // not waited for: a host may not be configured yet
	}, export(t, msi, "ServiceControl"))
	assert.Equal(t, map[string][]string{
		"DelayedStart":       {"otelcol-cloudwatch", "5", "3", "1", program},
		"FailureActionsFlag": {"otelcol-cloudwatch", "5", "4", "1", program},
	}, export(t, msi, "MsiServiceConfig"))
	actions := export(t, msi, "CustomAction")
	assert.Equal(t, []string{"51", "ARGUMENTS", defaultArguments}, actions["DefaultArguments"])
	assert.Equal(t, "3170", actions["SetRecovery"][0], "deferred, as the system")
	assert.Contains(t, actions["SetRecovery"][2], recovery)
}

func TestInstallerRegistersEventsAndSettings(t *testing.T) {
	msi := buildMSI(t, "1.2.3", release(t), moment)
	assert.Equal(t, map[string][]string{
		"EventMessageFile": {"2", eventKey, "EventMessageFile", `#%%SystemRoot%\System32\EventCreate.exe`, program},
		"EventTypes":       {"2", eventKey, "TypesSupported", "#7", program},
		"InstallDir":       {"2", ownKey, "InstallDir", "[INSTALLDIR]", program},
		"KeptData":         {"2", keptKey, "ConfigDir", "[ConfigDir]", "KeptData"},
		"Arguments":        {"2", ownKey, "Arguments", "[ARGUMENTS]", "Arguments"},
		"Region":           {"2", serviceKey, "Environment", "[~]AWS_REGION=[REGION]", "Region"},
	}, export(t, msi, "Registry"))
}

func TestConfigurationIsNeitherOverwrittenNorRemoved(t *testing.T) {
	msi := buildMSI(t, "1.2.3", release(t), moment)
	components := export(t, msi, "Component")
	for name, attributes := range map[string]string{
		"windows.yaml":          "400", // 64 bit, permanent, never overwritten
		"FolderConfigDir":       "272", // 64 bit, permanent
		"FolderConfigLayersDir": "272",
		"FolderStateDir":        "272",
		"Region":                "276", // and its key path is a registry value
		"Arguments":             "260",
		"KeptData":              "276",
		"config_windows.yaml":   "256", // the one to compare with follows the release
		program:                 "256",
	} {
		require.Contains(t, components, name)
		assert.Equal(t, attributes, components[name][2], name)
	}
	assert.Equal(t, "ConfigDir", components["windows.yaml"][1])
	assert.Equal(t, "REGION AND NOT OLDERFOUND", components["Region"][3], "the environment is the operator's after the first installation")

	directories := export(t, msi, "Directory")
	assert.Equal(t, []string{"CommonAppDataFolder", "OTELCOL|otelcol-cloudwatch"}, directories["ConfigDir"])
	assert.Equal(t, []string{"ProgramFiles64Folder", "OTELCOL|otelcol-cloudwatch"}, directories["INSTALLDIR"])
	permissions := export(t, msi, "MsiLockPermissionsEx")
	assert.Equal(t, []string{"ConfigDir", "CreateFolder", winaccess.FolderSDDL(serviceName), "NOT OLDERFOUND"}, permissions["ConfigDir"])
	assert.Equal(t, []string{"StateDir", "CreateFolder", winaccess.StateSDDL(serviceName), "NOT OLDERFOUND"}, permissions["StateDir"])
	assert.Equal(t, []string{"windows.yaml", "File", winaccess.FileSDDL(serviceName), "NOT OLDERFOUND"}, permissions["windows.yaml"])

	// Removed only where it is asked for, and never by an upgrade.
	assert.Equal(t, `REMOVE="ALL" AND PURGE AND NOT UPGRADINGPRODUCTCODE`, export(t, msi, "InstallExecuteSequence")["Purge"][0])
}

func TestReleaseTakesThePlaceOfAnOlderOneOnly(t *testing.T) {
	msi := buildMSI(t, "1.2.3", release(t), moment)
	out, err := exec.Command("msiinfo", "export", msi, "Upgrade").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), upgradeCode+"\t0.0.0\t1.2.3\t\t769\t\tOLDERFOUND\r\n")
	assert.Contains(t, string(out), upgradeCode+"\t1.2.3\t\t\t2\t\tNEWERFOUND\r\n")

	sequence := export(t, msi, "InstallExecuteSequence")
	assert.Equal(t, "6550", sequence["RemoveExistingProducts"][1], "after InstallExecute, so that the service and its environment stay")
	assert.Equal(t, "NEWERFOUND AND NOT Installed", sequence["RefuseDowngrade"][0])

	properties := export(t, msi, "Property")
	assert.Equal(t, "1.2.3", properties["ProductVersion"][0])
	assert.Equal(t, "ReallySuppress", properties["REBOOT"][0])
	assert.Equal(t, "1", properties["ALLUSERS"][0])
	for name, row := range export(t, msi, "File") {
		version := "1.2.3.0"
		if name == "windows.yaml" {
			version = ""
		}
		assert.Equal(t, version, row[3], name)
	}
}

func TestInstallerHasNothingThatAPersonMustAnswer(t *testing.T) {
	msi := buildMSI(t, "1.2.3", release(t), moment)
	out, err := exec.Command("msiinfo", "tables", msi).Output()
	require.NoError(t, err)
	tables := strings.Fields(string(out))
	for _, absent := range []string{"Shortcut", "Dialog", "Control", "LockPermissions", "Class", "Extension"} {
		assert.NotContains(t, tables, absent)
	}
	assert.NotContains(t, export(t, msi, "InstallExecuteSequence"), "ScheduleReboot")
	assert.NotContains(t, export(t, msi, "InstallExecuteSequence"), "ForceReboot")
}

func TestCabinetHasTheFiles(t *testing.T) {
	files := release(t)
	msi := buildMSI(t, "1.2.3", files, moment)
	cab, err := exec.Command("msiinfo", "extract", msi, cabinet).Output()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, cabinet), cab, 0o600))
	out, err := exec.Command("gcab", "--extract", "-C", dir, filepath.Join(dir, cabinet)).CombinedOutput()
	require.NoError(t, err, string(out))
	for _, f := range files {
		if f.script {
			assert.NoFileExists(t, filepath.Join(dir, key(f.name)))
			continue
		}
		want, err := os.ReadFile(f.source)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, key(f.name)))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), f.name)
	}
}

func TestTheSameReleaseMakesTheSameInstaller(t *testing.T) {
	files := release(t)
	sum := func(version string, at time.Time) [32]byte {
		b, err := os.ReadFile(buildMSI(t, version, files, at))
		require.NoError(t, err)
		return sha256.Sum256(b)
	}
	first := sum("1.2.3", moment)
	assert.Equal(t, first, sum("1.2.3", moment))
	assert.NotEqual(t, first, sum("1.2.4", moment))
}

func TestEachBuildHasCodesOfItsOwn(t *testing.T) {
	codes := map[string]bool{}
	files := release(t)
	for _, version := range []string{"1.2.3-rc.1", "1.2.3"} {
		codes[export(t, buildMSI(t, version, files, moment), "Property")["ProductCode"][0]] = true
	}
	exe := slices.IndexFunc(files, func(f packed) bool { return f.name == "otelcol-cloudwatch.exe" })
	require.NoError(t, os.WriteFile(files[exe].source, []byte("another build"), 0o600))
	codes[export(t, buildMSI(t, "1.2.3", files, moment), "Property")["ProductCode"][0]] = true
	assert.Len(t, codes, 3)
}
