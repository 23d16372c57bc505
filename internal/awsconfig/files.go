package awsconfig

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxFileBytes bounds a credentials or configuration file; a real one has a few hundred bytes.
const maxFileBytes = 1 << 20

// fingerprint stands for what some files hold. Contents are compared, not times and sizes: the files
// are tiny, and a file that is rewritten twice within a tick of the file system's clock keeps both.
type fingerprint [sha256.Size]byte

func fingerprintOf(paths []string) fingerprint {
	h := sha256.New()
	for _, path := range paths {
		content, err := readFile(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			_, _ = fmt.Fprintf(h, "%q absent\n", path) // a hash takes everything
		case err != nil:
			_, _ = fmt.Fprintf(h, "%q %v\n", path, err)
		default:
			_, _ = fmt.Fprintf(h, "%q %d\n", path, len(content))
			_, _ = h.Write(content)
		}
	}
	return fingerprint(h.Sum(nil))
}

// readFile reads a regular file of a sane size. A pipe would make it wait.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	content, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFileBytes {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxFileBytes)
	}
	return content, nil
}
