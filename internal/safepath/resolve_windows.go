package safepath

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// share lets others write to what is open, rename it and remove it.
const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// handle opens a path. Without following, a link itself is opened.
func handle(path string, access, shared uint32, follow bool) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(Long(path))
	if err != nil {
		return 0, err
	}
	flags := uint32(windows.FILE_ATTRIBUTE_NORMAL | windows.FILE_FLAG_BACKUP_SEMANTICS)
	if !follow {
		flags |= windows.FILE_FLAG_OPEN_REPARSE_POINT
	}
	return windows.CreateFile(name, access, shared, nil, windows.OPEN_EXISTING, flags, 0)
}

func closeHandles(all []windows.Handle) {
	for _, h := range all {
		_ = windows.CloseHandle(h) // it was only looked at
	}
}

// found is what a path leads to.
type found struct {
	file windows.Handle // its attributes can be asked for
	held []windows.Handle
	info Info
}

func (f *found) close() { closeHandles(append(f.held, f.file)) }

// resolve judges the links of a path: symbolic links and junctions, which every user can make. While it looks, each
// folder and link is held open so that nobody can rename or remove it.
func (r *Rules) resolve(path string) (*found, error) {
	return r.walk(path, nil)
}

func (r *Rules) walk(path string, onLink func(link string, trusted bool) error) (f *found, err error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f = &found{}
	var held []windows.Handle
	defer func() {
		if err != nil {
			closeHandles(held)
		}
	}()
	depth, lastLink := 0, false
	var unsure []string
	for _, part := range prefixes(whole) {
		depth++
		if depth > maxDepth {
			return nil, &fs.PathError{Op: "open", Path: path, Err: windows.ERROR_FILENAME_EXCED_RANGE}
		}
		h, err := handle(part, windows.FILE_READ_ATTRIBUTES|windows.READ_CONTROL, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, false)
		if errors.Is(err, windows.ERROR_SHARING_VIOLATION) { // somebody is renaming it or removing it, or allows no more
			h, err = handle(part, windows.FILE_READ_ATTRIBUTES|windows.READ_CONTROL, share, false)
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: part, Err: err}
		}
		held = append(held, h)
		var info windows.ByHandleFileInformation
		if err := windows.GetFileInformationByHandle(h, &info); err != nil {
			return nil, &fs.PathError{Op: "GetFileInformationByHandle", Path: part, Err: err}
		}
		link, err := isLink(h, info.FileAttributes)
		if err != nil {
			return nil, &fs.PathError{Op: "GetFileInformationByHandleEx", Path: part, Err: err}
		}
		if lastLink = link; !link {
			continue
		}
		owner, err := ownerOf(h)
		if err != nil {
			return nil, &fs.PathError{Op: "GetSecurityInfo", Path: part, Err: err}
		}
		trusted := r.trusts(owner)
		if onLink != nil {
			if err := onLink(part, trusted); err != nil {
				return nil, err
			}
		}
		if trusted {
			continue
		}
		to, err := handle(part, windows.FILE_READ_ATTRIBUTES|windows.READ_CONTROL, share, true)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: part, Err: err}
		}
		held = append(held, to)
		of, err := ownerOf(to)
		if err != nil {
			return nil, &fs.PathError{Op: "GetSecurityInfo", Path: part, Err: err}
		}
		if of != owner {
			if len(r.Into) == 0 {
				return nil, refusedLink(part, ownerName(owner), finalPath(to), ownerName(of))
			}
			unsure = append(unsure, part)
		}
	}
	h, err := handle(whole, windows.FILE_READ_ATTRIBUTES|windows.READ_CONTROL, share, true)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	held = append(held, h)
	if f.info, err = infoOf(h); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	f.info.Link, f.info.Resolved = lastLink, finalPath(h)
	for _, link := range unsure {
		if !r.into(f.info.Resolved) {
			return nil, refusedLink(link, "another user", f.info.Resolved, "somebody else")
		}
	}
	for _, closed := range closedFolders() {
		if below(f.info.Resolved, realFolder(closed)) {
			return nil, refusedClosed(path, closed)
		}
	}
	f.file, f.held = h, held[:len(held)-1]
	return f, nil
}

// prefixes are a path's folders from the volume on, and the path.
func prefixes(path string) []string {
	volume := filepath.VolumeName(path)
	var all []string
	for i := len(volume) + 1; i < len(path); i++ {
		if os.IsPathSeparator(path[i]) {
			all = append(all, path[:i])
		}
	}
	return append(all, path)
}

// isLink reports whether something is a symbolic link or a junction. Other reparse points, such as files that OneDrive or
// deduplication keeps elsewhere, are files.
func isLink(h windows.Handle, attributes uint32) (bool, error) {
	if attributes&windows.FILE_ATTRIBUTE_REPARSE_POINT == 0 {
		return false, nil
	}
	var tag struct{ attributes, reparse uint32 }
	if err := windows.GetFileInformationByHandleEx(h, windows.FileAttributeTagInfo, (*byte)(pointer(&tag)), 8); err != nil {
		return false, err
	}
	return tag.reparse == windows.IO_REPARSE_TAG_SYMLINK || tag.reparse == windows.IO_REPARSE_TAG_MOUNT_POINT, nil
}

func ownerOf(h windows.Handle) (string, error) {
	d, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	sid, _, err := d.Owner()
	if err != nil {
		return "", err
	}
	return sid.String(), nil
}

// system are who may do everything: SYSTEM, the group of administrators, TrustedInstaller.
var system = map[string]bool{
	"S-1-5-18": true, "S-1-5-32-544": true, "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464": true,
}

var ownSID = sync.OnceValue(func() string {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return ""
	}
	return u.User.Sid.String()
})

func (r *Rules) trusts(sid string) bool {
	if system[sid] || sid == ownSID() && sid != "" {
		return true
	}
	for _, owner := range r.Owners {
		if known, err := lookupOwner(owner); err == nil && known == sid {
			return true
		}
	}
	return false
}

func lookupOwner(owner string) (string, error) {
	if sid, err := windows.StringToSid(owner); err == nil {
		return sid.String(), nil
	}
	sid, _, _, err := windows.LookupSID("", owner)
	if err != nil {
		return "", err
	}
	return sid.String(), nil
}

func ownerName(sid string) string {
	if s, err := windows.StringToSid(sid); err == nil {
		if account, domain, _, err := s.LookupAccount(""); err == nil {
			return domain + `\` + account
		}
	}
	return sid
}

func infoOf(h windows.Handle) (Info, error) {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return Info{}, err
	}
	mode := fs.FileMode(0o666)
	if info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0 {
		mode = fs.ModeDir | 0o777
	}
	if kind, err := windows.GetFileType(h); err == nil && kind != windows.FILE_TYPE_DISK {
		mode |= fs.ModeDevice
	}
	return Info{
		ID:   ID{uint64(info.VolumeSerialNumber), uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow)},
		Size: int64(info.FileSizeHigh)<<32 | int64(info.FileSizeLow), Modified: time.Unix(0, info.LastWriteTime.Nanoseconds()), Mode: mode,
	}, nil
}

// finalPath is where an open file is, without links.
func finalPath(h windows.Handle) string {
	text := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetFinalPathNameByHandle(h, &text[0], uint32(len(text)), 0)
	if err != nil || int(n) > len(text) {
		return ""
	}
	return plainPath(windows.UTF16ToString(text[:n]))
}

// Open opens a file for reading. Others may go on to rename and to remove it.
func (r *Rules) Open(path string) (*File, error) {
	f, err := r.resolve(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if err := regular(f.info.Mode); err != nil {
		return nil, err
	}
	h, err := handle(path, windows.GENERIC_READ, share, true)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	info, err := infoOf(h)
	if err == nil && info.ID != f.info.ID {
		err = errMoved
	}
	if err != nil {
		_ = windows.CloseHandle(h) // nothing was read
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &File{os.NewFile(uintptr(h), path), f.info}, nil
}

// folder is an open folder that is being listed.
type folder struct {
	*os.File
	rules *Rules
	of    ID
	path  string
}

func (r *Rules) openFolder(path string) (*folder, error) {
	f, err := r.resolve(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if !f.info.Mode.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: windows.ERROR_DIRECTORY}
	}
	dir, err := os.Open(Long(path))
	if err != nil {
		return nil, err
	}
	return &folder{dir, r, f.info.ID, path}, nil
}

func (f *folder) id() ID { return f.of }

// look says what a name in the folder is. A link is only followed where the rules let it be.
func (f *folder) look(name string) (Info, error) {
	path := filepath.Join(f.path, name)
	info, err := os.Lstat(Long(path))
	if err != nil {
		return Info{}, err
	}
	data, ok := info.Sys().(*syscall.Win32FileAttributeData)
	if ok && data.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT == 0 {
		seen := identity{size: info.Size(), created: data.CreationTime.Nanoseconds(), modified: info.ModTime()}
		if id, ok := known.id(path, seen); ok {
			return Info{ID: id, Size: info.Size(), Modified: info.ModTime(), Mode: info.Mode(), Resolved: path}, nil
		}
		n, err := f.rules.resolve(path)
		if err != nil {
			return Info{}, err
		}
		defer n.close()
		if !n.info.Mode.IsDir() {
			seen.of = n.info.ID
			known.keep(path, seen)
		}
		return n.info, nil
	}
	n, err := f.rules.resolve(path)
	if err != nil {
		return Info{}, err
	}
	defer n.close()
	return n.info, nil
}

// identities remembers those of files: to ask for one, the file has to be opened.
type identities struct {
	mu  sync.Mutex
	all map[string]identity
}

// mostKnown bounds them.
const mostKnown = 100_000

type identity struct {
	of       ID
	size     int64
	created  int64
	modified time.Time
}

var known identities

func (i *identities) id(path string, now identity) (ID, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	k, ok := i.all[path]
	return k.of, ok && k.size <= now.size && k.created == now.created && k.modified.Equal(now.modified)
}

func (i *identities) keep(path string, k identity) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.all == nil || len(i.all) >= mostKnown {
		i.all = map[string]identity{}
	}
	i.all[path] = k
}

// list is the names of what comes next in the folder, and io.EOF at its end.
func (f *folder) list(n int) ([]fs.DirEntry, error) { return f.ReadDir(n) }

// Linked reports whether an open file still has a name.
func Linked(f *os.File) bool {
	var info windows.ByHandleFileInformation
	err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info)
	return err != nil || info.NumberOfLinks > 0
}

const errNotFolder = windows.ERROR_DIRECTORY

// IDOf is the identity of an open file, if it is a regular one.
func IDOf(f *os.File) (ID, bool) {
	info, err := infoOf(windows.Handle(f.Fd()))
	return info.ID, err == nil && info.Mode.IsRegular()
}

// plainPath is the usual form of a path without a limit.
func plainPath(path string) string {
	if share, ok := strings.CutPrefix(path, `\\?\UNC\`); ok {
		return `\\` + share
	}
	return strings.TrimPrefix(path, `\\?\`)
}
