package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// leastFree is what a state folder needs where no queue says how much: offsets, and some minutes of
	// logs of a busy host.
	leastFree = 100 << 20
	// leastInodes is what temporary files of compaction and new databases need, many times over.
	leastInodes = 100
)

// space is what a file system has for this user.
type space struct {
	free, inodes uint64
	countsInodes bool // some file systems make inodes as they go
	total        uint64
}

// storeCheck looks at a folder that state is kept in.
func storeCheck(of store, folder string, h host) Check {
	c := Check{Status: OK}
	c.fact("used by", of.component)
	existing, err := nearest(folder)
	switch {
	case err != nil:
		return Check{Status: Problem, Detail: oneLine(err), Remedy: "let this user search the folders above, or choose another directory", Facts: c.Facts}
	case existing != folder && !of.create:
		c.Status, c.Detail = Problem, "does not exist"
		c.Remedy = "make it, or set create_directory: true in " + of.component
		return c
	}
	if info, err := os.Stat(existing); err == nil && !info.IsDir() {
		c.Status, c.Detail, c.Remedy = Problem, existing+" is not a folder", "choose another directory"
		return c
	}
	if err := h.writable(existing); err != nil {
		c.Status = Problem
		c.Detail = fmt.Sprintf("%s%s is not writable: %s", existing, ownership(existing), brief(cause(err)))
		c.Remedy = writeRemedy
		return c
	}
	c.Detail = "exists and is writable"
	if existing != folder {
		c.Detail = "will be made in " + existing + ", which is writable"
	}
	s, err := h.space(existing)
	if err != nil {
		c.Status = Warning
		c.Detail += fmt.Sprintf("; free space is not known: %s", oneLine(err))
		c.Remedy = "see whether the file system answers: df FOLDER"
		return c
	}
	needed, why := uint64(leastFree), "is advised"
	if of.queue > 0 {
		needed, why = of.queue, "is what the queues may hold"
		used := sizeOf(folder)
		needed -= min(used, needed)
		if used > 0 {
			why += fmt.Sprintf(" beyond the %s there", size(used))
		}
	}
	c.fact("free", size(s.free)+" of "+size(s.total))
	c.fact("needed", size(needed)+" "+why)
	if s.countsInodes {
		c.fact("free inodes", fmt.Sprint(s.inodes))
	}
	switch {
	case s.free < needed:
		c.Status = Problem
		c.Detail += ", but has too little space"
		c.Remedy = "make room, choose another directory, or lower queue_size"
	case s.countsInodes && s.inodes < leastInodes:
		c.Status = Problem
		c.Detail += ", but the file system has no inodes left"
		c.Remedy = "delete files that nobody needs: df -i shows where inodes are missing"
	}
	return c
}

// host is what the checks ask the operating system. Tests have their own.
type host struct {
	open     func(rules *safepath.Rules, path string) error
	writable func(folder string) error
	space    func(folder string) (space, error)
}

var thisHost = host{open: tryOpen, writable: canWrite, space: spaceAt}

// nearest is the folder, or the first one above it that exists.
func nearest(folder string) (string, error) {
	for at := filepath.Clean(folder); ; at = filepath.Dir(at) {
		_, err := os.Stat(at)
		if err == nil {
			if at == filepath.Clean(folder) {
				return folder, nil
			}
			return at, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return "", err
		}
	}
}

// sizeOf is what the files of a folder have, without those of folders in it.
func sizeOf(folder string) uint64 {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0
	}
	var sum uint64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += uint64(max(info.Size(), 0))
		}
	}
	return sum
}

// size is a number of bytes for a person.
func size(n uint64) string {
	const unit = 1024
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	at, v := 0, float64(n)
	for v >= unit && at < len(units)-1 {
		v /= unit
		at++
	}
	if at == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[at])
	}
	return fmt.Sprintf("%.1f %s", v, units[at])
}
