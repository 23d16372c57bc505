package hostfacts

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotRegistered says that the SSM Agent of this host has no registration of its own.
var ErrNotRegistered = errors.New("this host has no hybrid activation")

// Registration is how the SSM Agent of this host is registered. A hybrid activation gives names that
// begin with mi-.
type Registration struct {
	ManagedInstanceID, Region string
	// Path is the file, also where the rest could not be read.
	Path string `json:"-"`
}

// ReadRegistration reads the registration of the host whose file system is at root. The error is
// ErrNotRegistered where there is none, and fs.ErrPermission where it is for root alone.
func ReadRegistration(root string) (Registration, error) {
	for _, path := range registrations() {
		r := Registration{Path: hostPath(root, path)}
		b, err := readSmall(r.Path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return r, err
		}
		if err := json.Unmarshal(b, &r); err != nil {
			return Registration{Path: r.Path}, errors.New("it is not the JSON that the SSM Agent writes")
		}
		if r.ManagedInstanceID == "" {
			return r, errors.New("it names no ManagedInstanceID")
		}
		return r, nil
	}
	return Registration{}, ErrNotRegistered
}

// readText is the first line of a small file, or nothing.
func readText(root, path string) string {
	b, _ := readSmall(hostPath(root, path)) // absent, or not for this user: unknown
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// hostPath is a path of the host whose file system is at root.
func hostPath(root, path string) string {
	if root == "" || root == "/" {
		return path
	}
	return filepath.Join(root, path)
}

func readSmall(path string) ([]byte, error) {
	const most = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	return io.ReadAll(io.LimitReader(f, most))
}
