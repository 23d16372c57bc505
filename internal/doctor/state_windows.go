package doctor

import (
	"os"

	"golang.org/x/sys/windows"
)

const (
	readRemedy   = "give this user the right to read them: icacls FILE /grant USER:R"
	searchRemedy = "give this user the right to list the folder: icacls FOLDER /grant USER:RX"
	writeRemedy  = "give the collector's user the right to change it: icacls FOLDER /grant USER:M"
)

// canWrite makes a file and removes it: Windows has no simpler answer that is right.
func canWrite(folder string) error {
	f, err := os.CreateTemp(folder, "otelcol-cloudwatch-doctor-*")
	if err != nil {
		return err
	}
	_ = f.Close() // nothing was written
	return os.Remove(f.Name())
}

func spaceAt(folder string) (space, error) {
	path, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return space{}, err
	}
	var s space
	var free uint64 // of all users
	err = windows.GetDiskFreeSpaceEx(path, &s.free, &s.total, &free)
	return s, err
}

// ownership is not shown on Windows: an access list does not fit into a line.
func ownership(string) string { return "" }
