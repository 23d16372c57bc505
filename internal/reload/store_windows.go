package reload

import "io/fs"

// trust leaves the question to the folder's access control list.
func trust(fs.FileInfo) error { return nil }

// syncFolder has nothing to do: NTFS keeps renames in its journal.
func syncFolder(string) error { return nil }
