package reload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// storeVersion is the format of the files.
const storeVersion = 2

// maxStored bounds what is read of a file, in bytes: all layers and values together stay far below.
const maxStored = 64 << 20

// store is the folder of what outlives the process: files that are whole or not there. The zero value keeps nothing.
type store struct {
	dir string
	// look makes it a store that shows what another process says: it changes nothing, and what it reads decides nothing,
	// so that it does not matter whose the files are.
	look bool
}

// sealed is a file: what it holds, and what shows that this is all of it.
type sealed struct {
	Version int             `json:"version"`
	SHA256  string          `json:"sha256"`
	Content json.RawMessage `json:"content"`
}

func (s store) path(name string) string { return filepath.Join(s.dir, name+".json") }

// before is the generation that a file had before its last one.
func (s store) before(name string) string { return filepath.Join(s.dir, name+".before.json") }

// open makes the folder, and says whether what is in it can be believed.
func (s store) open() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(s.dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder: remove it, or name another one in %s", s.dir, StateVariable)
	}
	// Kubernetes gives the group of a volume (fsGroup) every right.
	if info.Mode().Perm()&0o077 != 0 && os.Chmod(s.dir, 0o700) == nil {
		if info, err = os.Lstat(s.dir); err != nil {
			return err
		}
	}
	if err := trust(info); err != nil {
		return fmt.Errorf("%s: %w", s.dir, err)
	}
	return nil
}

// save writes a file in one step, for its owner alone. With generations the file that was there stays beside it.
func (s store) save(name string, content any, generations bool) (err error) {
	if s.dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	text, err := json.Marshal(sealed{Version: storeVersion, SHA256: sumOf(raw), Content: raw})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, temporary+"*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	path := s.path(name)
	if info, lerr := os.Lstat(path); lerr == nil && !info.Mode().IsRegular() {
		_ = s.setAside(path) // a folder in its place cannot be replaced by a file
	} else if generations && lerr == nil && s.whole(path) {
		// What is whole is kept: between the two renames it is what a start finds.
		if err = os.Rename(path, s.before(name)); err != nil {
			return err
		}
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(s.dir)
}

// temporary is how the names of files begin that are being written.
const temporary = ".new-"

// sweep removes what a process left that ended while it wrote. Nobody else writes: the folder is locked.
func (s store) sweep() {
	if s.dir == "" {
		return
	}
	left, _ := filepath.Glob(filepath.Join(s.dir, temporary+"*")) // the pattern is right
	for _, file := range left {
		_ = os.Remove(file)
	}
}

// load reads a file, or where that is missing or damaged, its generation before. It returns false where there is none.
// What is wrong is an error also where something was read.
func (s store) load(name string, content any) (bool, error) {
	if s.dir == "" {
		return false, nil
	}
	var errs []error
	for _, path := range []string{s.path(name), s.before(name)} {
		raw, err := s.read(path)
		if err == nil {
			err = json.Unmarshal(raw, content)
		}
		if err == nil {
			return true, errors.Join(errs...)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		err = fmt.Errorf("%s cannot be used: %w", path, err)
		if s.look {
			return false, err
		}
		if aside := s.setAside(path); aside != nil {
			err = fmt.Errorf("%w; and it stays there: %w", err, aside)
		}
		errs = append(errs, err)
	}
	return false, errors.Join(errs...)
}

// setAside renames what cannot be read, so that it is told once and somebody can look at it. One such file is kept.
func (s store) setAside(path string) error {
	aside := path + ".damaged"
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(path, aside)
}

func (s store) remove(name string) error {
	if s.dir == "" {
		return nil
	}
	err := os.Remove(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s store) whole(path string) bool {
	_, err := s.read(path)
	return err == nil
}

// read gives the content of a file that is whole, and this user's or root's.
func (s store) read(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if err := trust(info); err != nil && !s.look {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(f, maxStored+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxStored {
		return nil, fmt.Errorf("it has more than %d MiB", maxStored>>20)
	}
	var file sealed
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	switch {
	case file.Version == 1 && file.SHA256 == "":
		return text, nil // as versions up to 0.1 wrote it, without a sum
	case file.Version != storeVersion:
		return nil, fmt.Errorf("its format is version %d, and this program reads %d", file.Version, storeVersion)
	case file.SHA256 != sumOf(file.Content):
		return nil, errors.New("it is damaged: its SHA-256 is another")
	}
	return file.Content, nil
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
