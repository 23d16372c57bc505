package doctor

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// readText is the first line of a small file, or nothing.
func readText(root, path string) string {
	b, _ := readSmall(hostPath(root, path)) // absent, or not for this user: unknown
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// hostPath is a path of the host whose file system is at root.
func hostPath(root, path string) string {
	if root == "/" {
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

// managedNode says how the SSM Agent of this host is registered: a hybrid activation gives names that
// begin with mi-. Empty: not, or the file is not for this user.
func managedNode(root string) string {
	for _, path := range registrations() {
		path = hostPath(root, path)
		b, err := readSmall(path)
		switch {
		case os.IsPermission(err):
			return path + " exists, but is not readable by this user"
		case err != nil:
			continue
		}
		var node struct{ ManagedInstanceID, Region string }
		if json.Unmarshal(b, &node) != nil || node.ManagedInstanceID == "" {
			return path + " exists"
		}
		return strings.TrimSpace(node.ManagedInstanceID + " in " + node.Region)
	}
	return ""
}
