//go:build !windows

package doctor

// readMachine reads what Linux shows of DMI. Other systems show nothing there.
func readMachine(root string) machine {
	read := func(name string) string { return readText(root, "/sys/class/dmi/id/"+name) }
	return machine{
		vendor: read("sys_vendor"), product: read("product_name"), uuid: read("product_uuid"),
		board: read("board_asset_tag"), chassis: read("chassis_asset_tag"),
	}
}

// registrations are where the SSM Agent keeps its registration (Systems Manager User Guide, "Install
// SSM Agent on hybrid Linux nodes").
func registrations() []string { return []string{"/var/lib/amazon/ssm/registration"} }
