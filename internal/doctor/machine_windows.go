package doctor

import "golang.org/x/sys/windows/registry"

// readMachine reads what Windows shows of DMI. It shows no asset tags, so that Azure
// cannot be told from Hyper-V.
func readMachine(string) machine {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DESCRIPTION\System\BIOS`, registry.QUERY_VALUE)
	if err != nil {
		return machine{}
	}
	defer func() { _ = key.Close() }() // only read from
	read := func(name string) string {
		value, _, _ := key.GetStringValue(name) // absent: unknown
		return value
	}
	return machine{vendor: read("SystemManufacturer"), product: read("SystemProductName")}
}

// registrations are where the SSM Agent keeps its registration (Systems Manager User Guide, "Install
// SSM Agent on hybrid Windows Server nodes").
func registrations() []string { return []string{`C:\ProgramData\Amazon\SSM\InstanceData\registration`} }
