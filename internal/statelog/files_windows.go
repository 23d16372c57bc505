package statelog

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// owners are not looked at: the folder's access list says who may write.
type owners struct{}

func ownersOf(folder string) (owners, error) {
	info, err := os.Lstat(folder)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", folder)
	}
	return owners{}, err
}

// shared lets others rename and remove a file that is open.
const shared = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// A scanner for viruses has a file for a moment.
const (
	scanTries = 20
	scanPause = 100 * time.Millisecond
)

func open(path string, access, disposition uint32) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	var h windows.Handle
	for range scanTries {
		h, err = windows.CreateFile(name, access, shared, nil, disposition, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
			break
		}
		time.Sleep(scanPause)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// openFile opens a file to be read. It follows no link.
func openFile(path string, _ owners) (*os.File, error) {
	f, err := open(path, windows.GENERIC_READ, windows.OPEN_EXISTING)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// createFile makes a file. It is an error where one is there. Rights come from the folder.
func createFile(path string) (*os.File, error) {
	return open(path, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.CREATE_NEW)
}

// reopenFile opens a file that was read to be written, too. It is an error where another one has its name.
func reopenFile(path string, as *os.File) (*os.File, error) {
	f, err := open(path, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.OPEN_EXISTING)
	if err != nil {
		return nil, err
	}
	return sameFile(f, as)
}

// syncFolder has no meaning on Windows: names last when they are made.
func syncFolder(string) error { return nil }

// GiveToOwner has nothing to do on Windows: rights come from the folder.
func GiveToOwner(string) error { return nil }
