package safepath

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// own is a folder without links, all of which have to be the system's, the administrators' or the program's user's.
func (r *Rules) own(folder string) (string, error) {
	f, err := (&Rules{}).walk(folder, func(link string, trusted bool) error {
		if !trusted {
			return throughLink(link)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	defer f.close()
	return f.info.Resolved, nil
}

// Remove removes a file if its identity is the one that is given, nobody has it open for writing, and may, which is asked last,
// agrees. It goes through no link below base, and removes none.
func (r *Rules) Remove(base, path string, id ID, may func(Info) bool) error {
	place, err := r.placeOf(base, path)
	if err != nil {
		return err
	}
	f, err := r.walk(place, func(link string, _ bool) error { return throughLink(link) })
	if err != nil {
		return err
	}
	defer f.close()
	if f.info.ID != id || !f.info.Mode.IsRegular() {
		return ErrChanged
	}
	// What walk holds forbids others to remove the file: only its folders are held on.
	closeHandles(f.held[len(f.held)-1:])
	f.held = f.held[:len(f.held)-1]
	// It cannot be opened so while somebody has it open for writing.
	h, err := handle(place, windows.GENERIC_READ|windows.DELETE, windows.FILE_SHARE_READ|windows.FILE_SHARE_DELETE, false)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return ErrInUse
	}
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = windows.CloseHandle(h) }() // that removes it
	info, err := infoOf(h)
	if err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if info.ID != id || !may(info) {
		return ErrChanged
	}
	remove := byte(1)
	if err := windows.SetFileInformationByHandle(h, windows.FileDispositionInfo, &remove, 1); err != nil {
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	return nil
}

// Writers reports whether somebody has a file open for writing that is open for reading, as far as that is known.
func Writers(*os.File) (some, known bool) { return true, false }
