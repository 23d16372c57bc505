package checkpoints

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// prefix is how file_storage names the files of file_tail receivers.
const prefix = "receiver_file_tail_"

// In the names of files, file_storage writes a character as its number if it is unsafe. The number has more than four
// digits beyond U+FFFF, and does not say where it ends: taken for four, the name is another, and the file the same.
var (
	unsafe = regexp.MustCompile(`[^a-zA-Z0-9._-]`)
	number = regexp.MustCompile(`~[0-9A-F]{4}`)
)

// Path is the database of the receiver file_tail/NAME, or of file_tail where the name is empty.
func Path(folder, receiver string) string {
	return filepath.Join(folder, prefix+safe(receiver))
}

// safe is the name of a component in the names of files.
func safe(name string) string {
	return unsafe.ReplaceAllStringFunc(name, func(c string) string { return fmt.Sprintf("~%04X", []rune(c)[0]) })
}

// Receivers are the names of the receivers whose databases are in a folder of file_storage.
func Receivers(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), prefix); ok && e.Type().IsRegular() {
			names = append(names, number.ReplaceAllStringFunc(name, func(number string) string {
				n, _ := strconv.ParseUint(number[1:], 16, 32) // it is one
				return string(rune(n))
			}))
		}
	}
	slices.Sort(names)
	return names, nil
}
