package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/winaccess"
)

const (
	// serviceName is the name that the MSI and install.ps1 give the service.
	serviceName = "otelcol-cloudwatch"

	// renewWithin is how long a virus scanner may look at a new file.
	renewWithin = 30 * time.Second

	memberInAlias    = syscall.Errno(1378) // ERROR_MEMBER_IN_ALIAS
	memberNotInAlias = syscall.Errno(1377) // ERROR_MEMBER_NOT_IN_ALIAS
)

// serviceGroups let the service read the event logs and performance counters.
var serviceGroups = []string{winaccess.SIDEventLogReaders, winaccess.SIDPerformanceMonitorUsers}

var (
	netapi32     = windows.NewLazySystemDLL("netapi32.dll")
	addMember    = netapi32.NewProc("NetLocalGroupAddMembers")
	removeMember = netapi32.NewProc("NetLocalGroupDelMembers")
)

// systemCommands are those of Windows alone: what installers call.
func systemCommands() []*cobra.Command {
	root := &cobra.Command{Use: "service", Short: "Check and prepare the Windows service, as its installers do"}
	add := func(use, short string, run func() error) *cobra.Command {
		c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, SilenceUsage: true, RunE: func(*cobra.Command, []string) error {
			err := run()
			if err != nil {
				tellEventLog(err)
			}
			return err
		}}
		root.AddCommand(c)
		return c
	}
	add("check", "Say what another user could change of what the service reads", func() error {
		s, err := openInstalled()
		if err != nil {
			return err
		}
		defer s.close()
		return s.check()
	})
	fresh := false
	add("setup", "Check, and give the service's account the rights that it needs", func() error {
		s, err := openInstalled()
		if err != nil {
			return err
		}
		defer s.close()
		return s.setup(fresh)
	}).Flags().BoolVar(&fresh, "fresh", false, "the folders were not there before this installation: make them anew, so that nobody has them open")
	add("teardown", "Take the rights back that setup gave", func() error {
		var all []error
		for _, group := range serviceGroups {
			all = append(all, member(removeMember, group, memberNotInAlias))
		}
		return errors.Join(all...)
	})
	return []*cobra.Command{root}
}

// tellEventLog says what went wrong where an operator looks: msiexec shows nothing of what its commands write.
func tellEventLog(err error) {
	if log, openErr := openEventLog(serviceName); openErr == nil {
		_ = log.Error(eventError, eventText(err.Error()))
		_ = log.Close()
	}
}

// installed is the service as the service manager has it.
type installed struct {
	manager *mgr.Mgr
	service *mgr.Service
	account string // the name of its account
	files   serviceFiles
}

func openInstalled() (s installed, err error) {
	if s.manager, err = mgr.Connect(); err != nil {
		return s, fmt.Errorf("ask the service manager, which only administrators may: %w", err)
	}
	if s.service, err = s.manager.OpenService(serviceName); err != nil {
		return s, errors.Join(fmt.Errorf("find the service %s: %w", serviceName, err), s.manager.Disconnect())
	}
	// mgr.Service.Config asks for more than this, and fails where Windows is older than the question.
	line, account, err := commandOf(s.service.Handle)
	if err == nil {
		s.account = account
		var words []string
		if words, err = windows.DecomposeCommandLine(line); err == nil && len(words) > 0 {
			s.files = newServiceFiles(words[0], words[1:], serviceEnvironment())
		}
	}
	if err != nil {
		s.close()
		return s, fmt.Errorf("read the service %s: %w", serviceName, err)
	}
	return s, nil
}

// commandOf is the command line of a service and the name of its account.
func commandOf(service windows.Handle) (line, account string, err error) {
	buffer := make([]byte, 8<<10) // the most that there is, says Microsoft's QueryServiceConfig
	config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	var needed uint32
	if err := windows.QueryServiceConfig(service, config, uint32(len(buffer)), &needed); err != nil {
		return "", "", err
	}
	return windows.UTF16PtrToString(config.BinaryPathName), windows.UTF16PtrToString(config.ServiceStartName), nil
}

func (s installed) close() {
	_ = s.service.Close()
	_ = s.manager.Disconnect()
}

// serviceEnvironment is what the service has besides the environment of this process.
func serviceEnvironment() func(string) string {
	var lines []string
	if key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\`+serviceName, registry.QUERY_VALUE); err == nil {
		lines, _, _ = key.GetStringsValue("Environment")
		_ = key.Close()
	}
	return func(name string) string {
		for _, line := range slices.Backward(lines) {
			if n, value, _ := strings.Cut(line, "="); strings.EqualFold(n, name) {
				return value
			}
		}
		if name == "ProgramData" {
			return os.Getenv(name)
		}
		return ""
	}
}

// check looks at the files of the service, for which its own account is trusted, too.
func (s installed) check() error {
	trusted := winaccess.NewTrusted(serviceName, winaccess.LocalAdministrator())
	if sid, _, _, err := windows.LookupSID("", strings.TrimPrefix(s.account, `.\`)); err == nil {
		trusted = append(trusted, sid.String())
	}
	return s.files.check(trusted)
}

// virtual reports whether the service has its virtual account, which has no rights but those that are given to it.
func (s installed) virtual() bool { return strings.EqualFold(s.account, `NT SERVICE\`+serviceName) }

// setup checks the files before it lets the service use them. What another account than the virtual one may do is the
// operator's to say.
func (s installed) setup(fresh bool) error {
	folders := []struct {
		path, sddl string
		rights     uint32
	}{
		{s.files.trees[0], winaccess.FolderSDDL(serviceName), winaccess.ReadRights},
		{s.files.state(), winaccess.StateSDDL(serviceName), winaccess.ChangeRights},
	}
	for _, f := range folders {
		if err := winaccess.MakeFolder(f.path, f.sddl); err != nil {
			return err
		}
	}
	if err := s.check(); err != nil {
		return err
	}
	if fresh {
		if err := s.renew(); err != nil {
			return err
		}
	}
	// Its token has the service's identifier then, whatever its account, and the folders' lists are for that.
	sidType := uint32(windows.SERVICE_SID_TYPE_UNRESTRICTED)
	if err := windows.ChangeServiceConfig2(s.service.Handle, windows.SERVICE_CONFIG_SERVICE_SID_INFO, (*byte)(unsafe.Pointer(&sidType))); err != nil {
		return fmt.Errorf("give the service an identifier of its own: %w", err)
	}
	own := winaccess.ServiceSID(serviceName)
	var all []error
	for _, f := range folders {
		all = append(all, winaccess.Grant(f.path, own, f.rights))
	}
	if s.virtual() {
		for _, group := range serviceGroups {
			// A domain controller may have its own mind about groups: without them the service runs, and says what it lacks.
			if err := member(addMember, group, memberInAlias); err != nil {
				tellEventLog(err)
			}
		}
	}
	return errors.Join(append(all, s.setPrivileges())...)
}

// renew makes the folder of the configuration anew, with the configuration that the program brings.
func (s installed) renew() error {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(s.files.program), "config", "windows.yaml"))
	if err != nil {
		return err
	}
	return winaccess.Renewal{
		Path: s.files.trees[0], SDDL: winaccess.FolderSDDL(serviceName), Within: renewWithin,
		Folders: map[string]string{"config.d": winaccess.FolderSDDL(serviceName), "state": winaccess.StateSDDL(serviceName)},
		Files:   map[string][]byte{"windows.yaml": text},
	}.Renew()
}

// setPrivileges leaves the virtual account the one privilege that it needs. Among those that every service has is the one to
// act as whoever connects to it, which is how services become the system. Another account has what it has.
func (s installed) setPrivileges() error {
	var list []uint16
	if s.virtual() {
		text, err := windows.UTF16FromString("SeChangeNotifyPrivilege")
		if err != nil {
			return err
		}
		list = text
	}
	list = append(list, 0, 0)
	info := struct{ privileges *uint16 }{&list[0]}
	if err := windows.ChangeServiceConfig2(s.service.Handle, windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, (*byte)(unsafe.Pointer(&info))); err != nil && s.virtual() {
		return fmt.Errorf("leave the service only the privileges that it needs: %w", err)
	}
	return nil
}

// member adds the service's account to a local group, or removes it. Groups have names in the language of Windows.
func member(call *windows.LazyProc, group string, done syscall.Errno) error {
	g, err := windows.StringToSid(group)
	if err != nil {
		return err
	}
	m, err := windows.StringToSid(winaccess.ServiceSID(serviceName))
	if err != nil {
		return err
	}
	name, _, _, err := g.LookupAccount("")
	if err != nil {
		return fmt.Errorf("find the group %s: %w", group, err)
	}
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	members := struct{ sid *windows.SID }{m}
	status, _, _ := call.Call(0, uintptr(unsafe.Pointer(text)), 0, uintptr(unsafe.Pointer(&members)), 1)
	if e := syscall.Errno(status); e != 0 && e != done {
		return fmt.Errorf("change the members of the group %q for NT SERVICE\\%s: %w", name, serviceName, e)
	}
	return nil
}
