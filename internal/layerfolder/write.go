// Package layerfolder writes folders of layers, which several commands make and which an operator may have changed since.
package layerfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Existing are those of some files that a folder already has. A folder that is not there has none.
func Existing(folder string, names []string) ([]string, error) {
	var found []string
	for _, name := range names {
		_, err := os.Lstat(filepath.Join(folder, name))
		switch {
		case err == nil:
			found = append(found, name)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return found, nil
}

// Check says whether Write may write: without force none of ours may be there, which are the names of all files that the
// caller could have written.
func Check(folder string, ours []string, force bool) error {
	found, err := Existing(folder, ours)
	if err == nil && len(found) > 0 && !force {
		err = fmt.Errorf("%s already has %s: give --force to replace them, or another --output", folder, strings.Join(found, ", "))
	}
	return err
}

// Write puts files into a folder, which is made where it is missing. They are for their owner alone, and each is there
// whole or not at all. With force one of ours that files does not have is removed, since it would be merged with the new
// ones.
func Write(folder string, ours []string, files map[string][]byte, force bool) error {
	if err := Check(folder, ours, force); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := writeFile(filepath.Join(folder, name), files[name], force); err != nil {
			return err
		}
	}
	old, err := Existing(folder, ours)
	for _, name := range old {
		if _, kept := files[name]; !kept {
			err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
		}
	}
	return err
}

func writeFile(path string, text []byte, force bool) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".layer-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if remove := os.Remove(temporary.Name()); err == nil && !errors.Is(remove, fs.ErrNotExist) {
			err = remove
		}
	}()
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if !force {
		// A link, unlike a rename, never replaces what came in the meantime. Some file systems have none.
		if err := os.Link(temporary.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.Rename(temporary.Name(), path)
}
