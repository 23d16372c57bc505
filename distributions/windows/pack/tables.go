package main

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/winaccess"
)

// The names that a host knows the service by.
const (
	serviceName        = "otelcol-cloudwatch"
	serviceDisplayName = "OpenTelemetry Collector for CloudWatch"
	serviceDescription = "Sends metrics, log files and event logs of this host to Amazon CloudWatch."
	manufacturer       = "otelcol-cloudwatch"
)

// upgradeCode says that releases are of one product. It must never change.
const upgradeCode = "{7C0B9C52-7E0B-5D5C-9C1F-2A6B2D8E4F61}"

// defaultArguments start the service with the host's configuration and its layers. A folder's value ends in a backslash,
// and that must not stand before a quotation mark, which it would escape.
const defaultArguments = `--config "[ConfigDir]windows.yaml" --config "dir:[ConfigDir]config.d?optional=true"`

// recovery is what the service manager does after a service has failed: it waits longer each time, and forgets
// after an hour. A collector that twice ended in its first minute takes the last known good configuration, so the
// third start may be the one that lasts.
const recovery = "reset= 3600 actions= restart/5000/restart/30000/restart/300000"

// serviceAccount is the account that Windows has for each service: it may do what it is given, and nobody can log on as it.
const serviceAccount = `NT SERVICE\` + serviceName

// refusal is what a first installation says of a folder that any user may have made.
const refusal = "[EXISTINGDATA] is there already, and every user may make it. Look at its owner and at what is in it, move it away, and install again. " +
	"ACCEPT_EXISTING_DATA=1 keeps it where only administrators own and may change it."

// Attributes of components, files, services and actions, as the Windows Installer reference numbers them.
const (
	component64Bit          = 256
	componentRegistryKey    = 4 // the key path is a row of Registry
	componentPermanent      = 16
	componentNeverOverwrite = 128

	fileVital = 512

	serviceOwnProcess  = 16
	serviceAutomatic   = 2
	serviceErrorNormal = 1

	controlStart         = 1
	controlStopInstall   = 2
	controlStopRemoval   = 32
	controlDeleteRemoval = 128

	actionError       = 19   // end with a message
	actionProgram     = 3090 // 18, an installed file; deferred, as the system, its status decides
	actionProgramAny  = 3154 // the same, its status ignored (64)
	actionSetProperty = 51   // Source is the property, Target its value
	actionCommand     = 3170 // 34, a command in a folder; deferred (1024), as the system (2048), its status ignored (64)

	localMachine = 2 // HKEY_LOCAL_MACHINE
	rawValue64   = 18
)

// table is one of an installer's database.
type table struct {
	name string
	// columns are NAME:TYPE. A capital letter in the type allows nothing.
	columns []string
	// keys is how many of the columns are the primary key.
	keys int
	rows [][]string
}

// file is a row of the table File.
type file struct {
	packed
	key, component, directory string
	size                      int64
}

// database is what the tables are made of.
type database struct {
	version     string // three numbers
	productCode string
	files       []file
}

// key makes an identifier of a path.
func key(name string) string {
	return strings.NewReplacer("/", "_", "-", "_").Replace(name)
}

// short is the 8.3 form that Windows Installer wants before a long name. n makes it the only one of its folder.
func short(name string, n int) string {
	base, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		base, ext = name[:i], name[i+1:]
	}
	if len(base) <= 8 && len(ext) <= 3 && !strings.ContainsAny(base, ". ") {
		return name
	}
	s := fmt.Sprintf("F%d", n)
	if ext != "" {
		s += "." + strings.ToUpper(ext[:min(3, len(ext))])
	}
	return s + "|" + name
}

// newDatabase has the files of the program's folder, and the configuration that a host begins with.
func newDatabase(version string, files []packed, size func(packed) (int64, error)) (*database, error) {
	d := &database{version: version}
	for _, p := range files {
		if p.script {
			continue
		}
		n, err := size(p)
		if err != nil {
			return nil, err
		}
		k := key(p.name)
		d.files = append(d.files, file{p, k, k, directoryOf(p.name), n})
		if p.name == hostConfig {
			d.files = append(d.files, file{p, "windows.yaml", "windows.yaml", "ConfigDir", n})
		}
	}
	// The cabinet has them in the order of their keys.
	slices.SortFunc(d.files, func(a, b file) int { return strings.Compare(a.key, b.key) })
	return d, nil
}

// directoryOf is the row of Directory for a file of the program's folder.
func directoryOf(name string) string {
	dir := path.Dir(name)
	if dir == "." {
		return "INSTALLDIR"
	}
	return "Program_" + key(dir)
}

// guid is a component's: the same in every release, so that an upgrade takes over what is there.
func guid(component string) string { return uuid("component " + component) }

func (d *database) tables() []table {
	return []table{
		d.directories(), d.components(), d.fileRows(), d.features(), d.featureComponents(), d.media(),
		d.properties(), d.upgrades(), d.launchConditions(), d.searches(), d.folderLocators(), d.locators(), d.actions(),
		d.services(), d.serviceControl(), d.serviceConfig(), d.registry(), d.createFolders(), d.permissions(),
		d.execute(), d.userInterface(), d.administrate("AdminExecuteSequence"), d.administrateUI(), d.advertise(),
	}
}

func (d *database) directories() table {
	t := table{name: "Directory", columns: []string{"Directory:s72", "Directory_Parent:S72", "DefaultDir:l255"}, keys: 1, rows: [][]string{
		{"TARGETDIR", "", "SourceDir"},
		{"ProgramFiles64Folder", "TARGETDIR", "."},
		{"INSTALLDIR", "ProgramFiles64Folder", "OTELCOL|otelcol-cloudwatch"},
		{"CommonAppDataFolder", "TARGETDIR", "."},
		{"System64Folder", "TARGETDIR", "."},
		// Not in capitals: nobody may point them elsewhere, as PURGE removes what is in there.
		{"ConfigDir", "CommonAppDataFolder", "OTELCOL|otelcol-cloudwatch"},
		{"ConfigLayersDir", "ConfigDir", "config.d"},
		{"StateDir", "ConfigDir", "state"},
	}}
	seen := map[string]bool{"INSTALLDIR": true}
	for _, f := range d.files {
		if seen[f.directory] || f.directory == "ConfigDir" {
			continue
		}
		seen[f.directory] = true
		dir := path.Dir(f.name)
		parent := directoryOf(dir) // of config/routes: that of config
		t.rows = append(t.rows, []string{f.directory, parent, short(path.Base(dir), len(t.rows))})
	}
	return t
}

func (d *database) components() table {
	t := table{name: "Component", columns: []string{"Component:s72", "ComponentId:S38", "Directory_:s72", "Attributes:i2", "Condition:S255", "KeyPath:S72"}, keys: 1}
	add := func(name, directory string, attributes int, condition, keyPath string) {
		t.rows = append(t.rows, []string{name, guid(name), directory, strconv.Itoa(component64Bit | attributes), condition, keyPath})
	}
	for _, f := range d.files {
		if f.directory == "ConfigDir" { // the host's: kept when it is upgraded, and when it is removed
			add(f.component, f.directory, componentPermanent|componentNeverOverwrite, "", f.key)
			continue
		}
		add(f.component, f.directory, 0, "", f.key)
	}
	for _, dir := range []string{"ConfigDir", "ConfigLayersDir", "StateDir"} {
		add("Folder"+dir, dir, componentPermanent, "", "")
	}
	// The environment is the operator's after the first installation. It goes with the service's key.
	add("Region", "INSTALLDIR", componentRegistryKey|componentPermanent, "REGION AND NOT OLDERFOUND", "Region")
	add("Arguments", "INSTALLDIR", componentRegistryKey, "ARGUMENTS", "Arguments")
	// Stays with the folder when the product is removed: the next installation knows it then.
	add("KeptData", "INSTALLDIR", componentRegistryKey|componentPermanent, "", "KeptData")
	return t
}

func (d *database) fileRows() table {
	t := table{name: "File", columns: []string{"File:s72", "Component_:s72", "FileName:l255", "FileSize:i4", "Version:S72", "Language:S20", "Attributes:I2", "Sequence:i4"}, keys: 1}
	for i, f := range d.files {
		// Go puts no version into a program. What has a version here takes the place of a file that has none,
		// whichever is younger; so does a newer one's.
		version := d.version + ".0"
		if f.directory == "ConfigDir" {
			version = ""
		}
		t.rows = append(t.rows, []string{f.key, f.component, short(path.Base(f.name), i+1), strconv.FormatInt(f.size, 10), version, "", strconv.Itoa(fileVital), strconv.Itoa(i + 1)})
	}
	return t
}

func (d *database) features() table {
	return table{name: "Feature", columns: []string{"Feature:s38", "Feature_Parent:S38", "Title:L64", "Description:L255", "Display:I2", "Level:i2", "Directory_:S72", "Attributes:i2"}, keys: 1,
		rows: [][]string{{"Collector", "", serviceDisplayName, serviceDescription, "2", "1", "INSTALLDIR", "0"}}}
}

func (d *database) featureComponents() table {
	t := table{name: "FeatureComponents", columns: []string{"Feature_:s38", "Component_:s72"}, keys: 2}
	for _, c := range d.components().rows {
		t.rows = append(t.rows, []string{"Collector", c[0]})
	}
	return t
}

func (d *database) media() table {
	return table{name: "Media", columns: []string{"DiskId:i2", "LastSequence:i4", "DiskPrompt:L64", "Cabinet:S255", "VolumeLabel:S32", "Source:S72"}, keys: 1,
		rows: [][]string{{"1", strconv.Itoa(len(d.files)), "", "#" + cabinet, "", ""}}}
}

func (d *database) properties() table {
	return table{name: "Property", columns: []string{"Property:s72", "Value:l0"}, keys: 1, rows: [][]string{
		{"ProductCode", d.productCode},
		{"ProductName", serviceDisplayName},
		{"ProductVersion", d.version},
		{"ProductLanguage", "1033"},
		{"Manufacturer", manufacturer},
		{"UpgradeCode", upgradeCode},
		{"ALLUSERS", "1"},
		{"ARPNOMODIFY", "1"},
		{"REBOOT", "ReallySuppress"},
		{"START", "1"},
		{"SecureCustomProperties", "ACCEPT_EXISTING_DATA;ARGUMENTS;EXISTINGDATA;FRESH;INSTALLDIR;KEPTDATA;NEWERFOUND;OLDERFOUND;PURGE;REGION;REMEMBEREDACCOUNT;REMEMBEREDARGUMENTS;REMEMBEREDDIR;SERVICE_ACCOUNT;START"},
	}}
}

// upgrades: a release takes the place of an older one, and of a build of its own number, which may be a preview.
func (d *database) upgrades() table {
	return table{name: "Upgrade", columns: []string{"UpgradeCode:s38", "VersionMin:S20", "VersionMax:S20", "Language:S255", "Attributes:i4", "Remove:S255", "ActionProperty:s72"}, keys: 5, rows: [][]string{
		{upgradeCode, "0.0.0", d.version, "", strconv.Itoa(1 | 256 | 512), "", "OLDERFOUND"}, // both ends included, features taken over
		{upgradeCode, d.version, "", "", "2", "", "NEWERFOUND"},                              // only looked for
	}}
}

func (d *database) launchConditions() table {
	return table{name: "LaunchCondition", columns: []string{"Condition:s255", "Description:l255"}, keys: 1, rows: [][]string{
		{"Installed OR (VersionNT64 AND VersionNT >= 603)", "[ProductName] needs 64-bit Windows 10, Windows Server 2016 or later."},
		// Every user may make folders in C:\ProgramData. Tables cannot see owners: what is there at a first installation is
		// nobody's; what an earlier one has left, the program looks at (Setup).
		{`Installed OR OLDERFOUND OR KEPTDATA OR NOT EXISTINGDATA OR ACCEPT_EXISTING_DATA="1"`, refusal},
	}}
}

func (d *database) searches() table {
	return table{name: "AppSearch", columns: []string{"Property:s72", "Signature_:s72"}, keys: 2, rows: [][]string{
		{"EXISTINGDATA", "ExistingData"},
		{"KEPTDATA", "KeptData"},
		{"REMEMBEREDACCOUNT", "RememberedAccount"},
		{"REMEMBEREDARGUMENTS", "RememberedArguments"},
		{"REMEMBEREDDIR", "RememberedDir"},
	}}
}

func (d *database) folderLocators() table {
	return table{name: "DrLocator", columns: []string{"Signature_:s72", "Parent:S72", "Path:S255", "Depth:I2"}, keys: 3, rows: [][]string{
		{"ExistingData", "", `[CommonAppDataFolder]otelcol-cloudwatch`, "0"},
	}}
}

func (d *database) locators() table {
	return table{name: "RegLocator", columns: []string{"Signature_:s72", "Root:i2", "Key:s255", "Name:S255", "Type:I2"}, keys: 1, rows: [][]string{
		{"KeptData", strconv.Itoa(localMachine), keptKey, "ConfigDir", strconv.Itoa(rawValue64)},
		// The service manager's own value, as an operator may have changed the account with sc.exe.
		{"RememberedAccount", strconv.Itoa(localMachine), serviceKey, "ObjectName", strconv.Itoa(rawValue64)},
		{"RememberedArguments", strconv.Itoa(localMachine), ownKey, "Arguments", strconv.Itoa(rawValue64)},
		{"RememberedDir", strconv.Itoa(localMachine), ownKey, "InstallDir", strconv.Itoa(rawValue64)},
	}}
}

func (d *database) actions() table {
	set, command := strconv.Itoa(actionSetProperty), strconv.Itoa(actionCommand)
	return table{name: "CustomAction", columns: []string{"Action:s72", "Type:i2", "Source:S72", "Target:S255"}, keys: 1, rows: [][]string{
		{"RememberAccount", set, "SERVICE_ACCOUNT", "[REMEMBEREDACCOUNT]"},
		{"DefaultAccount", set, "SERVICE_ACCOUNT", serviceAccount},
		{"Fresh", set, "FRESH", "--fresh"},
		{"RememberArguments", set, "ARGUMENTS", "[REMEMBEREDARGUMENTS]"},
		{"RememberDir", set, "INSTALLDIR", "[REMEMBEREDDIR]"},
		{"DefaultArguments", set, "ARGUMENTS", defaultArguments},
		{"RefuseDowngrade", strconv.Itoa(actionError), "", "A newer version of [ProductName] is installed. Remove it first: its configuration is kept."},
		// The table MsiServiceConfigFailureActions "is not working as expected"; Microsoft's page on
		// MsiConfigureServices says to run sc.exe instead.
		{"SetRecovery", command, "System64Folder", `"[System64Folder]sc.exe" failure ` + serviceName + " " + recovery},
		{"Setup", strconv.Itoa(actionProgram), program, "service setup [FRESH]"},
		{"Teardown", strconv.Itoa(actionProgramAny), program, "service teardown"},
		{"ForgetData", command, "System64Folder", `"[System64Folder]reg.exe" delete "HKLM\` + keptKey + `" /f`},
		{"Purge", command, "System64Folder", `"[System64Folder]cmd.exe" /d /c rmdir /s /q "[ConfigDir]"`},
	}}
}

func (d *database) services() table {
	return table{name: "ServiceInstall", columns: []string{"ServiceInstall:s72", "Name:s255", "DisplayName:L255", "ServiceType:i4", "StartType:i4", "ErrorControl:i4", "LoadOrderGroup:S255", "Dependencies:S255", "StartName:S255", "Password:S255", "Arguments:S255", "Component_:s72", "Description:L255"}, keys: 1,
		rows: [][]string{{"Service", serviceName, serviceDisplayName, strconv.Itoa(serviceOwnProcess), strconv.Itoa(serviceAutomatic), strconv.Itoa(serviceErrorNormal), "", "", "[SERVICE_ACCOUNT]", "", "[ARGUMENTS]", program, serviceDescription}}}
}

// serviceControl waits for an end, so that the program can be replaced, and not for a start: a host without a region
// is installed first and configured afterwards.
func (d *database) serviceControl() table {
	return table{name: "ServiceControl", columns: []string{"ServiceControl:s72", "Name:l255", "Event:i2", "Arguments:L255", "Wait:I2", "Component_:s72"}, keys: 1, rows: [][]string{
		{"Stop", serviceName, strconv.Itoa(controlStopInstall | controlStopRemoval | controlDeleteRemoval), "", "1", program},
		{"Start", serviceName, strconv.Itoa(controlStart), "", "0", program},
	}}
}

// serviceConfig: started two minutes after the others (3), and failure actions also where the service ends by itself
// with an error (4), both when it is installed and reinstalled (1 and 4).
func (d *database) serviceConfig() table {
	return table{name: "MsiServiceConfig", columns: []string{"MsiServiceConfig:s72", "Name:s255", "Event:i2", "ConfigType:i4", "Argument:S0", "Component_:s72"}, keys: 1, rows: [][]string{
		{"DelayedStart", serviceName, "5", "3", "1", program},
		{"FailureActionsFlag", serviceName, "5", "4", "1", program},
	}}
}

const (
	ownKey     = `SOFTWARE\otelcol-cloudwatch`
	keptKey    = ownKey + `-data` // install.ps1 takes ownKey for an installation of this MSI
	serviceKey = `SYSTEM\CurrentControlSet\Services\` + serviceName
	eventKey   = `SYSTEM\CurrentControlSet\Services\EventLog\Application\` + serviceName
)

func (d *database) registry() table {
	root := strconv.Itoa(localMachine)
	return table{name: "Registry", columns: []string{"Registry:s72", "Root:i2", "Key:l255", "Name:L255", "Value:L0", "Component_:s72"}, keys: 1, rows: [][]string{
		// EventCreate.exe has messages that are nothing but their text, which Go's event log writes.
		{"EventMessageFile", root, eventKey, "EventMessageFile", `#%%SystemRoot%\System32\EventCreate.exe`, program},
		{"EventTypes", root, eventKey, "TypesSupported", "#7", program},
		{"InstallDir", root, ownKey, "InstallDir", "[INSTALLDIR]", program},
		{"KeptData", root, keptKey, "ConfigDir", "[ConfigDir]", "KeptData"},
		{"Arguments", root, ownKey, "Arguments", "[ARGUMENTS]", "Arguments"},
		// [~] at the beginning appends to a list of strings.
		{"Region", root, serviceKey, "Environment", "[~]AWS_REGION=[REGION]", "Region"},
	}}
}

func (d *database) createFolders() table {
	return table{name: "CreateFolder", columns: []string{"Directory_:s72", "Component_:s72"}, keys: 2, rows: [][]string{
		{"ConfigDir", "FolderConfigDir"}, {"ConfigLayersDir", "FolderConfigLayersDir"}, {"StateDir", "FolderStateDir"},
	}}
}

// permissions are set by a first installation and a repair: what an operator grants afterwards outlasts upgrades, and
// Setup adds what a newer service needs.
func (d *database) permissions() table {
	row := func(object, in, sddl string) []string { return []string{object, object, in, sddl, "NOT OLDERFOUND"} }
	return table{name: "MsiLockPermissionsEx", columns: []string{"MsiLockPermissionsEx:s72", "LockObject:s72", "Table:s32", "SDDLText:s0", "Condition:S255"}, keys: 1, rows: [][]string{
		row("ConfigDir", "CreateFolder", winaccess.FolderSDDL(serviceName)),
		row("ConfigLayersDir", "CreateFolder", winaccess.FolderSDDL(serviceName)),
		row("StateDir", "CreateFolder", winaccess.StateSDDL(serviceName)),
		row("windows.yaml", "File", winaccess.FileSDDL(serviceName)),
	}}
}

func sequence(name string, rows [][]string) table {
	return table{name: name, columns: []string{"Action:s72", "Condition:S255", "Sequence:I2"}, keys: 1, rows: rows}
}

// execute: the older release is removed when the new one is in place. What both have stays where it is then, the
// service's registry key with its environment included.
func (d *database) execute() table {
	return sequence("InstallExecuteSequence", [][]string{
		{"FindRelatedProducts", "", "25"},
		{"AppSearch", "", "50"},
		{"RememberArguments", "REMEMBEREDARGUMENTS AND NOT ARGUMENTS", "60"},
		{"RememberDir", "REMEMBEREDDIR AND NOT INSTALLDIR", "70"},
		{"RememberAccount", "REMEMBEREDACCOUNT AND NOT SERVICE_ACCOUNT", "80"},
		{"Fresh", "NOT Installed AND NOT OLDERFOUND AND NOT EXISTINGDATA", "90"},
		{"LaunchConditions", "", "100"},
		{"RefuseDowngrade", "NEWERFOUND AND NOT Installed", "110"},
		{"ValidateProductID", "", "700"},
		{"CostInitialize", "", "800"},
		{"FileCost", "", "900"},
		{"CostFinalize", "", "1000"}, // conditions of components are decided here
		{"DefaultArguments", "NOT ARGUMENTS", "1010"},
		{"DefaultAccount", "NOT SERVICE_ACCOUNT", "1020"},
		{"MigrateFeatureStates", "", "1200"},
		{"InstallValidate", "", "1400"},
		{"InstallInitialize", "", "1500"},
		{"ProcessComponents", "", "1600"},
		{"UnpublishFeatures", "", "1800"},
		{"StopServices", "VersionNT", "1900"},
		{"DeleteServices", "VersionNT", "2000"},
		{"Teardown", `REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE`, "2010"},
		{"RemoveRegistryValues", "", "2600"},
		{"RemoveFiles", "", "3500"},
		{"RemoveFolders", "", "3600"},
		{"Purge", `REMOVE="ALL" AND PURGE AND NOT UPGRADINGPRODUCTCODE`, "3610"},
		{"ForgetData", `REMOVE="ALL" AND PURGE AND NOT UPGRADINGPRODUCTCODE`, "3620"},
		{"CreateFolders", "", "3700"},
		{"InstallFiles", "", "4000"},
		{"WriteRegistryValues", "", "5000"},
		{"InstallServices", "VersionNT", "5800"},
		{"MsiConfigureServices", "VersionNT", "5850"},
		{"SetRecovery", "NOT REMOVE", "5860"},
		{"Setup", "NOT REMOVE", "5870"}, // it fails the installation where another user could change what the service reads
		{"StartServices", `VersionNT AND START<>"0"`, "5900"},
		{"RegisterUser", "", "6000"},
		{"RegisterProduct", "", "6100"},
		{"PublishFeatures", "", "6300"},
		{"PublishProduct", "", "6400"},
		{"InstallExecute", "", "6500"},
		{"RemoveExistingProducts", "", "6550"},
		{"InstallFinalize", "", "6600"},
	})
}

func (d *database) userInterface() table {
	return sequence("InstallUISequence", [][]string{
		{"CostInitialize", "", "800"}, {"FileCost", "", "900"}, {"CostFinalize", "", "1000"}, {"ExecuteAction", "", "1300"},
	})
}

func (d *database) administrate(name string) table {
	return sequence(name, [][]string{
		{"CostInitialize", "", "800"}, {"FileCost", "", "900"}, {"CostFinalize", "", "1000"}, {"InstallValidate", "", "1400"},
		{"InstallInitialize", "", "1500"}, {"InstallAdminPackage", "", "3900"}, {"InstallFiles", "", "4000"}, {"InstallFinalize", "", "6600"},
	})
}

func (d *database) administrateUI() table {
	t := d.userInterface()
	t.name = "AdminUISequence"
	return t
}

func (d *database) advertise() table {
	return sequence("AdvtExecuteSequence", [][]string{
		{"CostInitialize", "", "800"}, {"CostFinalize", "", "1000"}, {"InstallValidate", "", "1400"}, {"InstallInitialize", "", "1500"},
		{"PublishFeatures", "", "6300"}, {"PublishProduct", "", "6400"}, {"InstallFinalize", "", "6600"},
	})
}
