package safepath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxHops is how many links one path may lead through, as in Linux (path_resolution(7)).
const maxHops = 40

// maxDepth is how many folders a path may lead through. Deeper ones are made by programs that went wrong, or to hinder.
const maxDepth = 128

// ID is a file's identity for as long as it exists: device and inode, or volume and index on Windows.
type ID struct{ Device, Inode uint64 }

// Rules say which links are followed, and where nothing is read. The zero value follows the links of root and of the
// program's user, and those whose owners own what they lead to.
type Rules struct {
	// Owners are users, by name or number (on Windows by name or SID), whose links are followed wherever they lead.
	Owners []string
	// Into are folders into which everybody's links are followed.
	Into []string
}

// protected are the folders of the program's state.
var protected struct {
	sync.Mutex
	folders []string
}

// Protect closes folders, under whatever name: nothing in them is read or removed from now on. They are those in which the
// program keeps what it knows.
func Protect(folders ...string) {
	protected.Lock()
	defer protected.Unlock()
	for _, folder := range folders {
		if whole, err := filepath.Abs(folder); err == nil && folder != "" && !slices.Contains(protected.folders, whole) {
			protected.folders = append(protected.folders[:len(protected.folders):len(protected.folders)], whole)
		}
	}
}

func closedFolders() []string {
	protected.Lock()
	defer protected.Unlock()
	return protected.folders
}

// Unknown are the owners who are no users of this host. Their links are not followed.
func (r *Rules) Unknown() (owners []string) {
	for _, owner := range r.Owners {
		if _, err := lookupOwner(owner); err != nil {
			owners = append(owners, owner)
		}
	}
	return owners
}

// Validate names each folder that is no absolute path, and each owner without a name. Which users there are is a host's own.
func (r *Rules) Validate() error {
	var errs []error
	if slices.Contains(r.Owners, "") {
		errs = append(errs, errors.New("follow_links::owners: one is empty: use the name or the number of a user"))
	}
	for _, folder := range r.Into {
		if !filepath.IsAbs(folder) || filepath.Clean(folder) == string(filepath.Separator) {
			errs = append(errs, fmt.Errorf("follow_links::into: %q is not the absolute path of a folder below the root: use one such as /srv/releases", folder))
		}
	}
	return errors.Join(errs...)
}

// Info is what a path leads to.
type Info struct {
	ID       ID
	Size     int64
	Modified time.Time
	Mode     fs.FileMode
	// Owner and Group are numbers on Unix, and empty on Windows.
	Owner, Group string
	// Resolved is the path without links, as it was when it was resolved.
	Resolved string
	// Link tells whether the last component is a link.
	Link bool
}

// RefusedError says why a path is not read though it could be. It does not go away by itself.
type RefusedError struct {
	// Path is the link, the folder or the file that is refused.
	Path   string
	Reason string
}

func (e *RefusedError) Error() string { return e.Path + ": " + e.Reason }

// remedy is how an operator has a link followed.
const remedy = "if it is to be read, have root make the link, or name its owner in follow_links::owners or the folder in follow_links::into"

func refusedLink(path, owner, target, targetOwner string) error {
	return &RefusedError{path, fmt.Sprintf("a link of %s is not followed, as it leads to %s, which belongs to %s: %s", owner, target, targetOwner, remedy)}
}

func refusedSystem(path, kind string) error {
	return &RefusedError{path, "it is on a " + kind + " file system, which shows the state of the system and has no log files: exclude it"}
}

// RefusedState is what is said of a file of the program's own.
func RefusedState(path string) error {
	return &RefusedError{path, "the collector itself has it open for writing what it knows: exclude it"}
}

func refusedClosed(path, folder string) error {
	return &RefusedError{path, "it is in " + folder + ", where the collector keeps its state: exclude it"}
}

func refusedHardLink(path, owner, folderOwner string) error {
	return &RefusedError{path, fmt.Sprintf("it has a second name (a hard link), belongs to %s, and others may make names in its folder, which belongs to %s: %s",
		owner, folderOwner, "remove the second name, or name the folder in follow_links::into")}
}

// regular says what is no file, since reading a pipe or a device takes away what others wait for, or never ends.
func regular(mode fs.FileMode) error {
	kind := ""
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return ErrFolder
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		kind = "not a regular file"
	}
	return fmt.Errorf("it is %s, which has no offsets to go on from: write to a file, or exclude it", kind)
}

// ErrFolder says that a path leads to a folder.
var ErrFolder = errors.New("it is a folder")

// errMoved says that a name came to mean something else while it was looked at.
var errMoved = errors.New("it was replaced while it was opened: it is tried again")

// File is an open file.
type File struct {
	*os.File
	Info
}

// into reports whether a path without links is in one of the folders that everybody's links may lead into.
func (r *Rules) into(resolved string) bool {
	for _, folder := range r.Into {
		if below(resolved, realFolder(folder)) {
			return true
		}
	}
	return false
}

// realFolder is a folder of the configuration without links.
func realFolder(folder string) string {
	if resolved, err := filepath.EvalSymlinks(folder); err == nil {
		return resolved
	}
	return filepath.Clean(folder)
}

func below(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// Look says what a path leads to, if it is a file that may be read.
func (r *Rules) Look(path string) (Info, error) {
	f, err := r.resolve(path)
	if err != nil {
		return Info{}, err
	}
	defer f.close()
	if err := regular(f.info.Mode); err != nil {
		return Info{}, err
	}
	return f.info, nil
}
