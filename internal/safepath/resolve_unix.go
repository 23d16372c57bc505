//go:build unix

package safepath

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// node is something that was opened without following a link, as it was then.
type node struct {
	fd     int // -1: not open
	name   string
	st     unix.Stat_t
	target string // of a link
}

func (n node) id() ID        { return ID{uint64(n.st.Dev), uint64(n.st.Ino)} }
func (n node) kind() uint32  { return uint32(n.st.Mode) & unix.S_IFMT }
func (n node) owner() uint32 { return n.st.Uid }

func (n node) close() {
	if n.fd >= 0 {
		_ = unix.Close(n.fd) // it was only looked at
	}
}

// found is what a path leads to, with the folders above it.
type found struct {
	above []node // from the root to the folder that has it; only that one is open
	last  node
	info  Info
}

func (f *found) close() {
	f.last.close()
	if len(f.above) > 0 {
		f.folder().close()
	}
}

// folder is the one that has the file.
func (f *found) folder() *node { return &f.above[len(f.above)-1] }

// step is a component that is still to be taken, or the end of a link.
type step struct {
	name string
	link *followed
}

// followed is a link whose owner has to own what it leads to.
type followed struct {
	path  string
	owner uint32
}

// resolve walks to what a path leads to, and judges it.
func (r *Rules) resolve(path string) (*found, error) {
	f, links, err := r.walk(path, nil)
	if err != nil {
		return nil, err
	}
	if err := r.judge(path, f, links); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// walk goes one component after the other. It judges links on its way by their owners; those that are followed only
// into some folders are returned. onLink, if it is not nil, may refuse a link that the rules would follow.
func (r *Rules) walk(path string, onLink func(link string, owner uint32) error) (f *found, unsure []string, err error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	root, err := openRoot()
	if err != nil {
		return nil, nil, &fs.PathError{Op: "open", Path: "/", Err: err}
	}
	stack := []node{root}
	last := node{fd: -1}
	haveLast := false
	defer func() {
		if err != nil {
			last.close()
			if len(stack) > 0 {
				stack[len(stack)-1].close()
			}
		}
	}()
	todo := push(nil, whole)
	linkLast, hops := false, 0
	for len(todo) > 0 {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if next.link != nil {
			top := stack[len(stack)-1]
			if haveLast {
				top = last
			}
			if top.owner() != next.link.owner {
				if len(r.Into) == 0 {
					return nil, nil, refusedLink(next.link.path, ownerName(next.link.owner), pathOf(stack, last, haveLast), ownerName(top.owner()))
				}
				unsure = append(unsure, next.link.path+"\x00"+ownerName(next.link.owner))
			}
			continue
		}
		if haveLast { // something stands where a folder should be
			return nil, nil, &fs.PathError{Op: "open", Path: path, Err: unix.ENOTDIR}
		}
		if next.name == ".." {
			if len(stack) > 1 {
				if err := up(stack); err != nil {
					return nil, nil, &fs.PathError{Op: "open", Path: path, Err: err}
				}
				stack = stack[:len(stack)-1]
			}
			continue
		}
		n, err := child(stack[len(stack)-1].fd, next.name)
		if err != nil {
			return nil, nil, &fs.PathError{Op: "open", Path: join(stack, next.name), Err: err}
		}
		n.name = next.name
		switch n.kind() {
		case unix.S_IFLNK:
			at := join(stack, next.name)
			kind := systemKind(n.fd, stack[len(stack)-1].fd)
			n.close()
			if hops++; hops > maxHops {
				return nil, nil, &fs.PathError{Op: "open", Path: path, Err: unix.ELOOP}
			}
			if kind != "" {
				return nil, nil, refusedSystem(at, kind)
			}
			if top := &stack[len(stack)-1]; n.st.Nlink > 1 && !r.owns(&top.st, n.owner()) {
				return nil, nil, refusedHardLink(at, ownerName(n.owner()), ownerName(top.owner())) // others may have moved it here
			}
			if onLink != nil {
				if err := onLink(at, n.owner()); err != nil {
					return nil, nil, err
				}
			}
			linkLast = linkLast || len(todo) == 0
			if !r.trusts(n.owner()) {
				todo = append(todo, step{link: &followed{at, n.owner()}})
			}
			if strings.HasPrefix(n.target, "/") {
				root, err := openRoot()
				if err != nil {
					return nil, nil, &fs.PathError{Op: "open", Path: "/", Err: err}
				}
				stack[len(stack)-1].close()
				stack = append(stack[:0], root)
			}
			todo = push(todo, n.target)
		case unix.S_IFDIR:
			if len(stack) >= maxDepth {
				n.close()
				return nil, nil, &fs.PathError{Op: "open", Path: path, Err: unix.ENAMETOOLONG}
			}
			above := &stack[len(stack)-1] // only one is kept open: descriptors may be few
			above.close()
			above.fd = -1
			stack = append(stack, n)
		default:
			last, haveLast = n, true
		}
	}
	if !haveLast { // a folder
		last = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
	}
	f = &found{above: stack, last: last}
	f.info = infoOf(&last.st)
	f.info.Link, f.info.Resolved = linkLast, join(stack, last.name)
	return f, unsure, nil
}

// up opens the folder above the last of a stack, which has to be the one that was come by.
func up(stack []node) error {
	last, above := &stack[len(stack)-1], &stack[len(stack)-2]
	n, err := child(last.fd, "..")
	if err != nil {
		return err
	}
	if n.id() != above.id() {
		n.close()
		return errMoved
	}
	last.close()
	above.fd = n.fd
	return nil
}

// push puts a path's components on the stack of those that are still to be taken.
func push(todo []step, path string) []step {
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] != "" && parts[i] != "." {
			todo = append(todo, step{name: parts[i]})
		}
	}
	return todo
}

func join(stack []node, name string) string {
	var b strings.Builder
	for _, n := range stack {
		if n.name != "" {
			b.WriteString("/" + n.name)
		}
	}
	if name != "" || b.Len() == 0 {
		b.WriteString("/" + name)
	}
	return b.String()
}

func pathOf(stack []node, last node, haveLast bool) string {
	if haveLast {
		return join(stack, last.name)
	}
	return join(stack[:len(stack)-1], stack[len(stack)-1].name)
}

// judge refuses what may not be read, wherever it is.
func (r *Rules) judge(path string, f *found, unsure []string) error {
	at := -1
	if len(f.above) > 0 {
		at = f.folder().fd
	}
	if kind := systemKind(f.last.fd, at); kind != "" {
		return refusedSystem(path, kind)
	}
	for _, link := range unsure {
		if !r.into(f.info.Resolved) {
			at, owner, _ := strings.Cut(link, "\x00")
			return refusedLink(at, owner, f.info.Resolved, ownerName(f.last.owner()))
		}
	}
	if folder := closed(append(f.above[:len(f.above):len(f.above)], f.last)); folder != "" {
		return refusedClosed(path, folder)
	}
	if len(f.above) > 0 && f.last.kind() == unix.S_IFREG {
		return r.hardLink(path, &f.last.st, &f.folder().st, f.info.Resolved)
	}
	return nil
}

// closed is the folder of the program's state that is among some folders, or empty.
func closed(chain []node) string {
	for _, folder := range closedFolders() {
		var st unix.Stat_t
		if unix.Stat(folder, &st) != nil {
			continue
		}
		for i := range chain {
			if chain[i].st.Dev == st.Dev && chain[i].st.Ino == st.Ino {
				return folder
			}
		}
	}
	return ""
}

// hardLink refuses a file that has several names, one of which somebody may have made who may not read it. That is so
// where a folder belongs to, or may be written to by, others than root, the program's user and the file's owner. A file that
// everybody may read is no secret. Linux refuses to make such names by default (fs.protected_hardlinks), but not everywhere.
func (r *Rules) hardLink(path string, file, folder *unix.Stat_t, resolved string) error {
	if file.Nlink < 2 || uint32(file.Mode)&0o004 != 0 {
		return nil
	}
	if r.owns(folder, file.Uid) || r.into(resolved) {
		return nil
	}
	return refusedHardLink(path, ownerName(file.Uid), ownerName(folder.Uid))
}

// owns reports whether only trusted users and one other can make names in a folder.
func (r *Rules) owns(folder *unix.Stat_t, owner uint32) bool {
	return (folder.Uid == owner || r.trusts(folder.Uid)) && uint32(folder.Mode)&0o022 == 0
}

// trusts reports whether a user's links are followed wherever they lead.
func (r *Rules) trusts(uid uint32) bool {
	if uid == 0 || uid == uint32(os.Geteuid()) {
		return true
	}
	for _, owner := range r.Owners {
		if known, err := lookupOwner(owner); err == nil && known == strconv.FormatUint(uint64(uid), 10) {
			return true
		}
	}
	return false
}

// Users are asked for again and again, each time from a file or over the network.
var (
	numbers sync.Map // by name
	names   sync.Map // by number
)

// lookupOwner is the number of a user, given by name or number.
func lookupOwner(owner string) (string, error) {
	if n, err := strconv.ParseUint(owner, 10, 32); err == nil {
		return strconv.FormatUint(n, 10), nil
	}
	if number, ok := numbers.Load(owner); ok {
		return number.(string), nil
	}
	u, err := user.Lookup(owner)
	if err != nil {
		return "", err
	}
	numbers.Store(owner, u.Uid)
	return u.Uid, nil
}

func ownerName(uid uint32) string {
	if name, ok := names.Load(uid); ok {
		return name.(string)
	}
	number := strconv.FormatUint(uint64(uid), 10)
	name := "user " + number
	if u, err := user.LookupId(number); err == nil {
		name = u.Username
	}
	names.Store(uid, name)
	return name
}

func infoOf(st *unix.Stat_t) Info {
	seconds, nanoseconds := st.Mtim.Unix()
	return Info{
		ID: ID{uint64(st.Dev), uint64(st.Ino)}, Size: st.Size, Modified: time.Unix(seconds, nanoseconds), Mode: modeOf(uint32(st.Mode)),
		Owner: strconv.FormatUint(uint64(st.Uid), 10), Group: strconv.FormatUint(uint64(st.Gid), 10),
	}
}

func modeOf(mode uint32) fs.FileMode {
	out := fs.FileMode(mode & 0o777)
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		out |= fs.ModeDir
	case unix.S_IFLNK:
		out |= fs.ModeSymlink
	case unix.S_IFIFO:
		out |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		out |= fs.ModeSocket
	case unix.S_IFBLK, unix.S_IFCHR:
		out |= fs.ModeDevice
	default:
		out |= fs.ModeIrregular
	}
	return out
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
	file, err := openBelow(f.folder().fd, &f.last, path)
	if err != nil {
		return nil, err
	}
	return &File{file, f.info}, nil
}

// openBelow opens for reading what was looked at, and nothing else. A pipe put in its place does not hold it.
func openBelow(folder int, n *node, path string) (*os.File, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(folder, n.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
	if errors.Is(err, unix.ELOOP) {
		err = errMoved
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && (st.Dev != n.st.Dev || st.Ino != n.st.Ino || uint32(st.Mode)&unix.S_IFMT != n.kind()) {
		err = errMoved
	}
	if err != nil {
		_ = unix.Close(fd) // nothing was read
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

const errNotFolder = unix.ENOTDIR

// IDOf is the identity of an open file, if it is a regular one.
func IDOf(f *os.File) (ID, bool) {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil || uint32(st.Mode)&unix.S_IFMT != unix.S_IFREG {
		return ID{}, false
	}
	return ID{uint64(st.Dev), uint64(st.Ino)}, true
}
