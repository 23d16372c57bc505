package safepath

import (
	"errors"
	"path/filepath"
)

// ErrInUse says that a file is not removed because a program has it open for writing.
var ErrInUse = errors.New("a program has it open for writing")

// ErrChanged says that a name is no longer that of the file that was to be removed, or that the file was written to.
var ErrChanged = errors.New("it was replaced or written to meanwhile")

// unknownUse says that nobody tells whether a file is open for writing.
func unknownUse(path, why string) error {
	return &RefusedError{path, "it is not removed, as the system does not tell whether a program has it open for writing (" + why +
		"): let the collector run as the owner of the files, give it CAP_LEASE, or remove the files by another program"}
}

// placeOf is a path below a folder that is written out in a pattern, without the links on the way to that folder. Only
// links of root and of the program's user may be among these.
func (r *Rules) placeOf(base, path string) (string, error) {
	below, err := filepath.Rel(base, path)
	if err != nil {
		return "", err
	}
	folder, err := r.own(base)
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, below), nil
}

func throughLink(link string) error {
	return &RefusedError{link, "nothing is removed through this link: name the folder that it leads to in include"}
}
