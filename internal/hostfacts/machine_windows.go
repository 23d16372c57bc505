package hostfacts

import (
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// ReadMachine reads what Windows shows of DMI. It shows no asset tags, so that Azure
// cannot be told from Hyper-V.
func ReadMachine(string) Machine {
	const path = `HARDWARE\DESCRIPTION\System\BIOS`
	return Machine{Vendor: registryText(path, "SystemManufacturer"), Product: registryText(path, "SystemProductName")}
}

// registryText is a value below HKEY_LOCAL_MACHINE, or nothing where it is absent or not for this user.
func registryText(path, name string) string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer func() { _ = key.Close() }()      // only read from
	value, _, _ := key.GetStringValue(name) // absent: unknown
	return value
}

// registrations are where the SSM Agent keeps its registration (Systems Manager User Guide, "Install
// SSM Agent on hybrid Windows Server nodes").
func registrations() []string { return []string{`C:\ProgramData\Amazon\SSM\InstanceData\registration`} }

// machineID is the installation's id.
func machineID(string) string { return registryText(`SOFTWARE\Microsoft\Cryptography`, "MachineGuid") }

const machineIDPlaces = `MachineGuid in the registry`

// fullName is the computer's DNS name with its domain, as Windows has it stored.
func fullName() (string, error) {
	// 255 bytes are the most that DNS allows (RFC 1035, 2.3.4).
	buffer := make([]uint16, 256)
	n := uint32(len(buffer))
	if err := windows.GetComputerNameEx(windows.ComputerNamePhysicalDnsFullyQualified, &buffer[0], &n); err != nil {
		return "", err
	}
	return windows.UTF16ToString(buffer[:n]), nil
}
