package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// content is a file as it was read.
type content struct {
	path string
	text []byte
	seen state
}

// read reads a file of at most limit bytes, or what comes out of a pipe that is never silent for longer than timeout.
func read(path string, limit int64, timeout time.Duration, now time.Time) (content, error) {
	f, err := open(path)
	if err != nil {
		return content{}, explain(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return content{}, explain(path, err)
	}
	if info.IsDir() {
		return content{}, fmt.Errorf("cannot read %s: it is a folder; name it with dir:%s", path, path)
	}
	var text []byte
	if info.Mode()&os.ModeNamedPipe != 0 {
		text, err = readPipe(f, limit, timeout)
	} else {
		text, err = io.ReadAll(io.LimitReader(f, limit+1))
	}
	if err != nil {
		return content{}, explain(path, err)
	}
	if int64(len(text)) > limit {
		return content{}, fmt.Errorf("cannot read %s: it has more than the %d MiB that a configuration may have; is it the right file?", path, MaxSize>>20)
	}
	return content{path, text, stateOf(info, text, now)}, nil
}

// explain adds what to do.
func explain(path string, err error) error {
	var remedy string
	if at := (*fs.PathError)(nil); errors.As(err, &at) { // it repeats the path
		err = at.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy = "create it, or correct the path"
		if path == "-" {
			remedy += "; standard input is /dev/stdin"
		}
		if link, lerr := os.Readlink(path); lerr == nil {
			remedy = fmt.Sprintf("it is a link to %s, which is not there: mend or remove it", link)
		} else if wd, werr := os.Getwd(); werr == nil && !filepath.IsAbs(path) {
			remedy += ", which is relative to " + wd
		}
	case errors.Is(err, fs.ErrPermission):
		remedy = "let the user that this process runs as read it"
		if id := os.Geteuid(); id >= 0 { // Windows has none
			remedy += fmt.Sprintf(" (uid %d, gid %d)", id, os.Getegid())
		}
		if info, serr := os.Stat(path); serr == nil {
			remedy += fmt.Sprintf("; its mode is %s", info.Mode())
		} else {
			remedy += ", and search the folders above it"
		}
	default:
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	return fmt.Errorf("cannot read %s: %w; %s", path, err, remedy)
}

// A folder is read again when a file vanishes while it is read: Kubernetes swaps what its links point to
// first, and removes the links afterwards.
const (
	dirAttempts = 3
	dirPause    = 50 * time.Millisecond
)

// readDir reads the files of a folder in the order of their names.
func readDir(ctx context.Context, path string, now func() time.Time) (all []content, err error) {
	for attempt := range dirAttempts {
		if attempt > 0 {
			select {
			case <-time.After(dirPause):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		var names []string
		if names, err = list(path); err != nil {
			return nil, err // the folder itself: nothing swaps that
		}
		if all, err = readAll(ctx, path, names, now); !errors.Is(err, fs.ErrNotExist) {
			return all, err
		}
	}
	return nil, err
}

func readAll(ctx context.Context, dir string, names []string, now func() time.Time) ([]content, error) {
	all := make([]content, 0, len(names))
	left := int64(MaxSize)
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return nil, explain(path, err)
		}
		if !info.Mode().IsRegular() {
			continue
		}
		c, err := read(path, left, pipeTimeout, now())
		if err != nil {
			return nil, err
		}
		left -= int64(len(c.text))
		all = append(all, c)
	}
	return all, nil
}

// list gives the names in a folder that a configuration may have, sorted. Some of them may be no files.
func list(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cannot read the folder %s: %w; create it, or append ?%s=true", path, err, optional)
	default:
		if info, serr := os.Stat(path); serr == nil && !info.IsDir() {
			return nil, fmt.Errorf("cannot read the folder %s: it is a file; name it with file:%s", path, path)
		}
		return nil, explain(path, err)
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if ext := strings.ToLower(filepath.Ext(name)); strings.HasPrefix(name, ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		names = append(names, name)
	}
	if len(names) > MaxFiles {
		return nil, fmt.Errorf("cannot read the folder %s: it has %d files, and %d are read at most; is it the right folder?", path, len(names), MaxFiles)
	}
	return names, nil
}
