package statelog

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// segment is one file of a store.
type segment struct {
	name   string
	number uint64
	salt   salt
	file   *os.File
	size   int64
	// end is where the last frame ends, if nothing but the beginning of another one follows.
	end int64
	// first is the lowest sequence in it. It orders segments: names may have been swapped.
	first uint64
	// live is how many bytes of keys and values count.
	live int64
	// damage are the parts that hold no whole frame.
	damage []span
}

const suffix = ".log"

// maxSegment is more than a segment ever has. What is behind it is not looked at.
const maxSegment = maxPayload + 2*largeSegment

func segmentName(number uint64, s salt) string {
	return fmt.Sprintf("%016x-%s%s", number, hex.EncodeToString(s[:]), suffix)
}

// parseName reads the name of a segment.
func parseName(name string) (number uint64, s salt, ok bool) {
	left, found := strings.CutSuffix(name, suffix)
	digits, salted, cut := strings.Cut(left, "-")
	if !found || !cut || len(digits) != 16 || len(salted) != 2*len(s) {
		return 0, s, false
	}
	number, err := strconv.ParseUint(digits, 16, 64)
	if err != nil || number >= 1<<63 { // a number that cannot be gone on from
		return 0, s, false
	}
	_, err = hex.Decode(s[:], []byte(salted))
	return number, s, err == nil
}

// DamagedMark is in the names of what was set aside.
const DamagedMark = ".damaged-"

// keptDamaged is how many files and folders that were set aside are kept beside each other.
const keptDamaged = 2

// SetAside renames a file or folder that is damaged, and gives its new path. The oldest of those that were set aside before
// are removed.
func SetAside(path string, now time.Time) (string, error) {
	to := path + DamagedMark + now.UTC().Format("20060102T150405.000Z")
	if err := os.Rename(path, to); err != nil {
		return "", err
	}
	old, _ := filepath.Glob(escapeGlob(filepath.Join(filepath.Dir(path))) + string(filepath.Separator) + "*" + DamagedMark + "*")
	slices.SortFunc(old, func(a, b string) int { return strings.Compare(afterMark(b), afterMark(a)) })
	kept := map[string]int{}
	for _, name := range old {
		of := kindOfDamaged(name)
		if kept[of]++; kept[of] > keptDamaged {
			_ = os.RemoveAll(name) // room matters less than the start
		}
	}
	return to, nil
}

func afterMark(path string) string { return path[strings.LastIndex(path, DamagedMark):] }

// kindOfDamaged is what a damaged file is one of: segments of one store count together.
func kindOfDamaged(path string) string {
	name := filepath.Base(path[:strings.LastIndex(path, DamagedMark)])
	if _, _, ok := parseName(name); ok {
		return suffix
	}
	return name
}

func escapeGlob(path string) string {
	if filepath.Separator == '\\' {
		return path // Windows has no escapes in patterns, and no such names
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// list opens the segments of a folder, in the order of their numbers. Files that cannot be opened are given as problems.
func list(folder string) (all []*segment, problems []Problem, err error) {
	for range lookAgain {
		var vanished bool
		if all, problems, vanished, err = listOnce(folder); err != nil || !vanished {
			return all, problems, err
		}
		closeAll(all)
	}
	return nil, nil, fmt.Errorf("%s changes faster than it can be read: try again", folder)
}

// lookAgain is how often a folder is listed in which segments come and go: those of a running collector.
const lookAgain = 10

func closeAll(all []*segment) {
	for _, s := range all {
		_ = s.file.Close() // nothing was written
	}
}

func listOnce(folder string) (all []*segment, problems []Problem, vanished bool, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, false, err
	}
	owners, err := ownersOf(folder)
	if err != nil {
		return nil, nil, false, err
	}
	for _, entry := range entries {
		number, s, ok := parseName(entry.Name())
		if !ok {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		file, err := openFile(path, owners)
		if errors.Is(err, fs.ErrNotExist) {
			vanished = true
			continue
		}
		if err != nil {
			problems = append(problems, Problem{Path: path, Reason: err.Error()})
			continue
		}
		info, err := file.Stat()
		if err != nil {
			_ = file.Close() // nothing was written
			problems = append(problems, Problem{Path: path, Reason: err.Error()})
			continue
		}
		all = append(all, &segment{name: entry.Name(), number: number, salt: s, file: file, size: min(info.Size(), maxSegment)})
	}
	slices.SortFunc(all, func(a, b *segment) int {
		if a.number != b.number {
			return compare(a.number, b.number)
		}
		return strings.Compare(a.name, b.name)
	})
	return all, problems, vanished, nil
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// sameFile gives the first file, if the second is the same.
func sameFile(f, as *os.File) (*os.File, error) {
	a, err := f.Stat()
	b, other := as.Stat()
	if err = errors.Join(err, other); err == nil && !os.SameFile(a, b) {
		err = fmt.Errorf("%s is another file than before", f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
