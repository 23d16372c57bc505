package winaccess

import "fmt"

// What a service may do with the folder of its configuration, and with that of its state.
const (
	ReadRights   = 0x1200a9
	ChangeRights = 0x1301bf
)

// FolderSDDL is the access list of the folder of a service's configuration: the system and administrators may do
// everything, the service may read, and nothing comes from C:\ProgramData, where each user may make files.
func FolderSDDL(service string) string { return sddl("OICI", ReadRights, service) }

// StateSDDL is that of the folder in which the service writes.
func StateSDDL(service string) string { return sddl("OICI", ChangeRights, service) }

// FileSDDL is that of a file of the configuration.
func FileSDDL(service string) string { return sddl("", ReadRights, service) }

func sddl(inherit string, rights int, service string) string {
	return fmt.Sprintf("O:BAG:SYD:PAI(A;%[1]s;FA;;;SY)(A;%[1]s;FA;;;BA)(A;%[1]s;0x%[2]x;;;%[3]s)", inherit, rights, ServiceSID(service))
}
