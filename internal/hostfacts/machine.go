package hostfacts

import "strings"

// Machine is what the host's firmware says about it. Whoever starts a virtual machine writes these. What
// is not known is empty.
type Machine struct {
	Vendor, Product, UUID, Board, Chassis string
}

// AzureChassis is the asset tag of every Azure virtual machine. Hyper-V elsewhere has the same vendor,
// but not this tag (cloud-init's documentation of the Azure data source).
const AzureChassis = "7783-7084-3265-9085-8269-3286-77"

// Amazon says whether the firmware is that of an EC2 instance.
func (m Machine) Amazon() bool {
	// Nitro instances name the vendor; Xen ones show it in the first characters of the UUID (EC2 User
	// Guide, "Detect whether a host is an EC2 instance").
	return strings.Contains(m.Vendor, "Amazon EC2") || strings.HasPrefix(strings.ToLower(m.UUID), "ec2")
}

// Azure says whether the firmware is that of an Azure virtual machine.
func (m Machine) Azure() bool { return m.Chassis == AzureChassis }

// Google says whether the firmware is that of a Google Compute Engine instance.
func (m Machine) Google() bool { return m.Vendor == "Google" || m.Product == "Google Compute Engine" }

// elsewhere says that this is surely no EC2 instance. The UUID that tells Xen instances apart is for root
// alone.
func (m Machine) elsewhere() bool { return m.Vendor != "" && m.Vendor != "Xen" && !m.Amazon() }

// String is what names the machine, with commas between; empty where nothing does.
func (m Machine) String() string {
	var known []string
	for _, s := range []string{m.Vendor, m.Product, m.Board} {
		if s != "" {
			known = append(known, s)
		}
	}
	return strings.Join(known, ", ")
}
