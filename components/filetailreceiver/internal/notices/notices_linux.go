package notices

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// truth is how often everything is looked at, though notices say what changes.
const truth = 5 * time.Second

// Notices are inotify's. They only save looking at what has not changed: where they cannot be had for all files, and
// every truth, everything is looked at.
type Notices struct {
	log      *zap.Logger
	bases    []string // the folders in which the patterns begin
	inotify  *os.File // nil: not to be had
	fd       int      // of inotify; its own method would make reading block
	folders  map[string]int32
	watched  map[int32]string
	silent   map[string]bool // folders, of which no notices come if true
	paths    map[string]bool // that changed
	folder   bool            // what is in a folder changed
	trusted  bool            // all files are where notices come from
	lastLook time.Time
	buffer   [64 << 10]byte
}

// New are the notices of the files that the patterns name. A Notices is used by one goroutine.
func New(patterns []string, log *zap.Logger) *Notices {
	n := &Notices{log: log, folders: map[string]int32{}, watched: map[int32]string{}, silent: map[string]bool{}, paths: map[string]bool{}}
	for _, p := range patterns {
		base, _ := doublestar.SplitPattern(filepath.ToSlash(p))
		n.bases = append(n.bases, base)
	}
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		log.Debug("Files are polled, since there is no inotify", zap.Error(err))
		return n
	}
	n.inotify, n.fd = os.NewFile(uintptr(fd), "inotify"), fd
	return n
}

// Close ends the notices.
func (n *Notices) Close() {
	if n.inotify != nil {
		_ = n.inotify.Close() // nothing is waiting
	}
}

// Changed are the paths that were written to since the last call, and whether everything is to be looked at.
func (n *Notices) Changed() (paths []string, complete bool) {
	for path := range n.paths {
		paths = append(paths, path)
	}
	clear(n.paths)
	if complete = n.folder || !n.trusted || time.Since(n.lastLook) >= truth; complete {
		n.folder = false
		n.lastLook = time.Now()
	}
	return paths, complete
}

// Keep watches the folders of files, and no others.
func (n *Notices) Keep(found []files.Found) {
	if n.inotify == nil {
		return
	}
	trusted := true
	wanted := map[string]bool{}
	for _, base := range n.bases {
		wanted[base] = true
	}
	for _, one := range found {
		trusted = trusted && !one.Link
		wanted[filepath.Dir(one.Path)] = true
	}
	maps.DeleteFunc(n.silent, func(folder string, _ bool) bool { return !wanted[folder] })
	for folder, number := range n.folders {
		if !wanted[folder] {
			_, _ = unix.InotifyRmWatch(n.fd, uint32(number)) // it may be gone with its folder
			delete(n.folders, folder)
			delete(n.watched, number)
		}
	}
	for folder := range wanted {
		if _, ok := n.folders[folder]; ok {
			continue
		}
		silent, known := n.silent[folder]
		if !known { // once: a file system whose server is away does not answer
			silent = !notifies(folder)
			n.silent[folder] = silent
		}
		if silent {
			trusted = false
			continue
		}
		const events = unix.IN_MODIFY | unix.IN_ATTRIB | unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO |
			unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
		number, err := unix.InotifyAddWatch(n.fd, folder, events)
		if err != nil {
			n.log.Debug("Files are polled, since a folder cannot be watched", zap.String("folder", folder), zap.Error(err))
			trusted = false
			continue
		}
		n.folders[folder], n.watched[int32(number)] = int32(number), folder
		n.folder = true // between the look and the watch something may have changed
	}
	n.trusted = trusted
}

// notifies tells whether a folder is on a file system where every change is made through this kernel.
func notifies(folder string) bool {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return false
	}
	switch int64(s.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.F2FS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */ :
		return true
	}
	return false
}

// Wait returns after poll at the earliest, and then when something changed, is still to be done, or truth is over. It
// says no at the end of ctx.
func (n *Notices) Wait(ctx context.Context, poll time.Duration, more bool) bool {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	if n.inotify == nil || !n.trusted {
		return true
	}
	if !more && !n.folder {
		if err := n.inotify.SetReadDeadline(n.lastLook.Add(truth)); err != nil {
			n.trusted = false
			return true
		}
		stop := context.AfterFunc(ctx, func() { _ = n.inotify.SetReadDeadline(time.Unix(1, 0)) })
		got, err := n.inotify.Read(n.buffer[:])
		stop()
		n.take(n.buffer[:max(got, 0)])
		if ctx.Err() != nil {
			return false
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			n.trusted = false
			return true
		}
	}
	for { // what else is there
		got, err := unix.Read(n.fd, n.buffer[:])
		if err != nil || got <= 0 {
			n.trusted = n.trusted && errors.Is(err, unix.EAGAIN)
			return true
		}
		n.take(n.buffer[:got])
	}
}

// take reads events.
func (n *Notices) take(events []byte) {
	for len(events) >= unix.SizeofInotifyEvent {
		watch := int32(binary.NativeEndian.Uint32(events))
		mask := binary.NativeEndian.Uint32(events[4:])
		length := binary.NativeEndian.Uint32(events[12:])
		name := string(bytes.TrimRight(events[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+length], "\x00"))
		events = events[unix.SizeofInotifyEvent+length:]
		folder, known := n.watched[watch]
		switch {
		case mask&unix.IN_IGNORED != 0:
			delete(n.watched, watch)
			if n.folders[folder] == watch {
				delete(n.folders, folder)
			}
			n.folder = n.folder || known
		case mask&(unix.IN_MODIFY|unix.IN_ATTRIB) == 0 || name == "":
			n.folder = true
		case known:
			n.paths[filepath.Join(folder, name)] = true
		}
	}
}
