package winaccess

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// nameSurrogate is the bit of a reparse tag that says that the file stands for another one.
const nameSurrogate = 0x20000000

// renewEvery is how often a folder is tried that somebody holds open.
const renewEvery = 100 * time.Millisecond

// Account is the security identifier that this process runs as.
func Account() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("find the account of this process: %w", err)
	}
	return user.User.Sid.String(), nil
}

// LocalAdministrator is the host's own account of that name, which is always an administrator, or "". What it has moved
// out of its profile still names it.
func LocalAdministrator() string {
	host, err := windows.ComputerName()
	if err != nil {
		return ""
	}
	sid, _, _, err := windows.LookupSID("", host)
	if err != nil {
		return ""
	}
	return sid.String() + "-500"
}

// MakeFolder makes a folder that is missing, with an access list from its first moment. Its owner is who makes it.
func MakeFolder(path, sddl string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := makeNew(path, sddl); !errors.Is(err, fs.ErrExist) { // one that is there is checked afterwards
		return err
	}
	return nil
}

// makeNew makes a folder with an access list, and fails where something is there.
func makeNew(path, sddl string) error {
	_, list, _ := strings.Cut(sddl, "D:")
	sd, err := windows.SecurityDescriptorFromString("D:" + list)
	if err != nil {
		return fmt.Errorf("make the folder %s: %w", path, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	security := windows.SecurityAttributes{SecurityDescriptor: sd}
	security.Length = uint32(unsafe.Sizeof(security))
	if err := windows.CreateDirectory(name, &security); err != nil {
		return fmt.Errorf("make the folder %s: %w", path, err)
	}
	return nil
}

// Renewal is a folder that an installation has just made, and what is in it.
type Renewal struct {
	Path, SDDL string
	// Folders are names and access lists of folders in it, Files names of files and their text.
	Folders map[string]string
	Files   map[string][]byte
	// Within bounds the wait for programs that hold what is in it open, such as virus scanners.
	Within time.Duration
}

// Renew puts a new folder in the place of one that was made a moment ago: an installer makes folders in two steps, or
// takes one that is there, and whoever made it before has it open, and may change its list at any time.
func (r Renewal) Renew() error {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	aside := r.Path + "." + hex.EncodeToString(random[:])
	for end := time.Now().Add(r.Within); ; time.Sleep(renewEvery) {
		err := os.Rename(r.Path, aside)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("a program holds %s open, which an installation has just made: close it, and install again: %w", r.Path, err)
		}
	}
	if err := makeNew(r.Path, r.SDDL); err != nil {
		return err
	}
	var all []error
	for name, sddl := range r.Folders {
		all = append(all, makeNew(filepath.Join(r.Path, name), sddl), os.Remove(filepath.Join(aside, name)))
	}
	for name, text := range r.Files {
		all = append(all, os.WriteFile(filepath.Join(r.Path, name), text, 0o600), os.Remove(filepath.Join(aside, name)))
	}
	return errors.Join(append(all, os.Remove(aside))...) // not with what is in it: that is nobody's
}

// Grant lets an account have rights to a folder and to what is or will be in it, besides those who have some.
func Grant(folder, sid string, rights uint32) error {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return err
	}
	sd, err := windows.GetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("read who may use %s: %w", folder, err)
	}
	before, _, err := sd.DACL()
	if err != nil {
		return fmt.Errorf("read who may use %s: %w", folder, err)
	}
	list, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{{
		AccessPermissions: windows.ACCESS_MASK(rights), AccessMode: windows.GRANT_ACCESS,
		Inheritance: windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee:     windows.TRUSTEE{TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeValue: windows.TrusteeValueFromSID(s)},
	}}, before)
	if err != nil {
		return err
	}
	if err := windows.SetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil); err != nil {
		return fmt.Errorf("let the service use %s: %w", folder, err)
	}
	return nil
}

// File checks what a service reads, and the folders above it. A path that is missing is checked as far as it is there.
func (t Trusted) File(path string) error {
	_, err := t.descend(path)
	return err
}

// Folder checks a folder as File does, and the files in it, which are read.
func (t Trusted) Folder(path string) error { return t.folder(path, false) }

// Tree checks a folder as File does, and everything below it.
func (t Trusted) Tree(path string) error { return t.folder(path, true) }

func (t Trusted) folder(path string, deep bool) error {
	there, err := t.descend(path)
	if err != nil || !there {
		return err
	}
	return t.children(path, deep)
}

// descend checks the way to a path from the root down.
func (t Trusted) descend(path string) (there bool, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return false, err
	}
	steps := way(path)
	for i, step := range steps {
		r := above
		switch i {
		case len(steps) - 1:
			r = content
		case 0:
			r = volume
		}
		o, err := look(step)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err == nil {
			err = t.check(o, r, accountName)
		}
		if err != nil {
			return false, err
		}
	}
	return len(steps) > 0, nil
}

// children checks what is in a folder whose own list lets nobody else make anything in it.
func (t Trusted) children(folder string, deep bool) error {
	names, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, n := range names {
		path := filepath.Join(folder, n.Name())
		o, err := look(path)
		if errors.Is(err, fs.ErrNotExist) { // the service's own, which come and go
			continue
		}
		if err == nil {
			err = t.check(o, content, accountName)
		}
		if err == nil && deep && !o.file {
			err = t.children(path, deep)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look opens a file or folder, not what a link leads to, and describes what it has opened.
func look(path string) (o object, err error) {
	name, err := windows.UTF16PtrFromString(longPath(path))
	if err != nil {
		return o, err
	}
	h, err := windows.CreateFile(name, windows.READ_CONTROL|windows.FILE_READ_ATTRIBUTES, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return o, fmt.Errorf("see who may change %s: %w", path, err)
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return o, fmt.Errorf("look at %s: %w", path, err)
	}
	var tag struct{ attributes, tag uint32 }
	if info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		if err := windows.GetFileInformationByHandleEx(h, windows.FileAttributeTagInfo, (*byte)(unsafe.Pointer(&tag)), uint32(unsafe.Sizeof(tag))); err != nil {
			return o, fmt.Errorf("look at the link %s: %w", path, err)
		}
	}
	sd, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return o, fmt.Errorf("see who may change %s: %w", path, err)
	}
	return object{
		path: path, sddl: sd.String(), link: tag.tag&nameSurrogate != 0,
		file: info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0, names: info.NumberOfLinks,
	}, nil
}

// longPath lifts the limit of 260 characters, beyond which a file would go unseen.
func longPath(path string) string {
	if len(path) < 248 || strings.HasPrefix(path, `\\`) {
		return path
	}
	return `\\?\` + path
}

// accountName is the name of a security identifier, or "".
func accountName(sid string) string {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return ""
	}
	account, domain, _, err := s.LookupAccount("")
	if err != nil {
		return ""
	}
	return domain + `\` + account
}
