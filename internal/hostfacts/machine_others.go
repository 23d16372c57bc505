//go:build !windows

package hostfacts

import "os"

// ReadMachine reads what Linux shows of DMI below root. Other systems show nothing there.
func ReadMachine(root string) Machine {
	read := func(name string) string { return readText(root, "/sys/class/dmi/id/"+name) }
	return Machine{
		Vendor: read("sys_vendor"), Product: read("product_name"), UUID: read("product_uuid"),
		Board: read("board_asset_tag"), Chassis: read("chassis_asset_tag"),
	}
}

// registrations are where the SSM Agent keeps its registration (Systems Manager User Guide, "Install
// SSM Agent on hybrid Linux nodes").
func registrations() []string { return []string{"/var/lib/amazon/ssm/registration"} }

// machineID is the installation's id (machine-id(5)).
func machineID(root string) string {
	if id := readText(root, "/etc/machine-id"); id != "" {
		return id
	}
	return readText(root, "/var/lib/dbus/machine-id")
}

const machineIDPlaces = "/etc/machine-id and /var/lib/dbus/machine-id"

// fullName is the host's name with its domain, where the kernel has it so.
func fullName() (string, error) { return os.Hostname() }
