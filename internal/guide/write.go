package guide

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Existing are those of our layers that a folder already has. A folder that is not there has none.
func Existing(folder string) ([]string, error) {
	var found []string
	for _, name := range []string{HostFile, RouteFile, CredentialsFile} {
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

// CheckFolder says whether Write may write: without force no layer of ours may be there.
func CheckFolder(folder string, force bool) error {
	found, err := Existing(folder)
	if err == nil && len(found) > 0 && !force {
		err = fmt.Errorf("%s already has %s: give --force to replace them, or another --output", folder, strings.Join(found, ", "))
	}
	return err
}

// Write puts layers into a folder, which is made where it is missing. Files are for their owner alone, and
// each is there whole or not at all. With force a layer of ours that files does not have is removed, since it
// would be merged with the new ones.
func Write(folder string, files map[string][]byte, force bool) error {
	if err := CheckFolder(folder, force); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	for _, name := range Names(files) {
		if err := writeFile(filepath.Join(folder, name), files[name], force); err != nil {
			return err
		}
	}
	old, err := Existing(folder)
	for _, name := range old {
		if _, ours := files[name]; !ours {
			err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
		}
	}
	return err
}

func writeFile(path string, text []byte, force bool) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".init-*") // 0600
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
