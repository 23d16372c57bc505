package files

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// identifier remembers identities: to ask for one, the file has to be opened.
type identifier struct{ known map[string]known }

type known struct {
	id       ID
	size     int64
	created  int64
	modified time.Time
}

func (i *identifier) of(path string, info fs.FileInfo) (ID, error) {
	created := int64(0)
	if attributes, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		created = attributes.CreationTime.Nanoseconds()
	}
	if k, ok := i.known[path]; ok && k.size <= info.Size() && k.created == created && k.modified.Equal(info.ModTime()) {
		return k.id, nil
	}
	f, err := open(path)
	if err != nil {
		return ID{}, err
	}
	defer func() { _ = f.Close() }() // nothing was read
	id, err := identityOf(f, info)
	if err != nil {
		return ID{}, err
	}
	if i.known == nil {
		i.known = map[string]known{}
	}
	i.known[path] = known{id, info.Size(), created, info.ModTime()}
	return id, nil
}

func identityOf(f *os.File, _ fs.FileInfo) (ID, error) {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return ID{}, &os.PathError{Op: "GetFileInformationByHandle", Path: f.Name(), Err: err}
	}
	return ID{Device: uint64(info.VolumeSerialNumber), Inode: uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow)}, nil
}

// open lets others write to the file, rename it and remove it while it is open.
func open(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(long(path))
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

// Linked tells whether a file still has a name.
func Linked(f *os.File) bool {
	var info windows.ByHandleFileInformation
	err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info)
	return err != nil || info.NumberOfLinks > 0
}
