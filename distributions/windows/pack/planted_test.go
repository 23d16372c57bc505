package main

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// row is the row of a table that has a key.
func (t table) row(key string) []string {
	if i := slices.IndexFunc(t.rows, func(r []string) bool { return r[0] == key }); i >= 0 {
		return t.rows[i]
	}
	return nil
}

// at is when an action of the installation runs.
func at(t *testing.T, all map[string]table, action string) int {
	row := all["InstallExecuteSequence"].row(action)
	require.NotNil(t, row, action)
	n, err := strconv.Atoi(row[2])
	require.NoError(t, err)
	return n
}

// Every user may make folders in C:\ProgramData.
func TestFirstInstallationRefusesAFolderThatIsThere(t *testing.T) {
	all := tablesOf(t, "1.2.3")
	assert.Equal(t, []string{"ExistingData", "", `[CommonAppDataFolder]otelcol-cloudwatch`, "0"}, all["DrLocator"].row("ExistingData"))
	assert.Equal(t, []string{"EXISTINGDATA", "ExistingData"}, all["AppSearch"].row("EXISTINGDATA"))
	assert.Equal(t, []string{"KeptData", "2", keptKey, "ConfigDir", "18"}, all["RegLocator"].row("KeptData"), "only administrators may write it")
	condition := all["LaunchCondition"].row(`Installed OR OLDERFOUND OR KEPTDATA OR NOT EXISTINGDATA OR ACCEPT_EXISTING_DATA="1"`)
	require.NotNil(t, condition)
	assert.Contains(t, condition[1], "[EXISTINGDATA]")
	assert.Contains(t, condition[1], "ACCEPT_EXISTING_DATA=1")
	assert.Less(t, at(t, all, "AppSearch"), at(t, all, "LaunchConditions"))
	assert.Less(t, at(t, all, "FindRelatedProducts"), at(t, all, "LaunchConditions"))
	assert.Less(t, at(t, all, "LaunchConditions"), at(t, all, "CreateFolders"))
}

// What a table cannot see, the program does, before the service runs.
func TestInstallationFailsWhereOthersCouldChangeWhatTheServiceReads(t *testing.T) {
	all := tablesOf(t, "1.2.3")
	setup := all["CustomAction"].row("Setup")
	assert.Equal(t, []string{"Setup", "3090", program, "service setup [FRESH]"}, setup)
	assert.Equal(t, []string{"Fresh", "51", "FRESH", "--fresh"}, all["CustomAction"].row("Fresh"))
	assert.Equal(t, "NOT Installed AND NOT OLDERFOUND AND NOT EXISTINGDATA", all["InstallExecuteSequence"].row("Fresh")[1],
		"what somebody made between the search and the installation is replaced")
	kind, err := strconv.Atoi(setup[1])
	require.NoError(t, err)
	assert.Zero(t, kind&64, "its status decides")
	assert.Equal(t, "NOT REMOVE", all["InstallExecuteSequence"].row("Setup")[1])
	for _, before := range []string{"CreateFolders", "InstallFiles", "WriteRegistryValues", "InstallServices", "MsiConfigureServices"} {
		assert.Less(t, at(t, all, before), at(t, all, "Setup"), before)
	}
	assert.Less(t, at(t, all, "Setup"), at(t, all, "StartServices"))
	assert.Less(t, at(t, all, "Teardown"), at(t, all, "RemoveFiles"), "while the program is there")
	assert.Equal(t, `REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE`, all["InstallExecuteSequence"].row("Teardown")[1], "not by an upgrade")
}

func TestEveryFolderAndFileOfTheHostHasAListOfItsOwn(t *testing.T) {
	all := tablesOf(t, "1.2.3")
	var want []string
	for _, r := range all["Component"].rows {
		if r[2] == "ConfigDir" && r[5] != "" {
			want = append(want, r[5])
		}
	}
	want = append(want, all["CreateFolder"].column("Directory_")...)
	assert.ElementsMatch(t, want, all["MsiLockPermissionsEx"].column("LockObject"))
	for _, sddl := range all["MsiLockPermissionsEx"].column("SDDLText") {
		assert.Contains(t, sddl, "O:BAG:SYD:PAI(", "it belongs to administrators and inherits nothing")
	}
}

func TestServiceHasTheVirtualAccountUnlessAnotherIsChosen(t *testing.T) {
	all := tablesOf(t, "1.2.3")
	assert.Equal(t, "[SERVICE_ACCOUNT]", all["ServiceInstall"].column("StartName")[0])
	assert.Equal(t, []string{"RememberedAccount", "2", serviceKey, "ObjectName", "18"}, all["RegLocator"].row("RememberedAccount"))
	assert.Equal(t, []string{"RememberAccount", "51", "SERVICE_ACCOUNT", "[REMEMBEREDACCOUNT]"}, all["CustomAction"].row("RememberAccount"))
	assert.Equal(t, "REMEMBEREDACCOUNT AND NOT SERVICE_ACCOUNT", all["InstallExecuteSequence"].row("RememberAccount")[1])
	assert.Equal(t, []string{"DefaultAccount", "51", "SERVICE_ACCOUNT", `NT SERVICE\otelcol-cloudwatch`}, all["CustomAction"].row("DefaultAccount"))
	assert.Equal(t, "NOT SERVICE_ACCOUNT", all["InstallExecuteSequence"].row("DefaultAccount")[1])
	assert.Less(t, at(t, all, "RememberAccount"), at(t, all, "DefaultAccount"))
	assert.Less(t, at(t, all, "DefaultAccount"), at(t, all, "InstallServices"))
}
