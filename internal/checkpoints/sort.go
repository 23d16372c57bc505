package checkpoints

import (
	"cmp"
	"slices"
)

// Sort puts checkpoints into the order of their paths.
func Sort(all []Checkpoint) { slices.SortFunc(all, byPath) }

func byPath(a, b Checkpoint) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Retired, b.Retired), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Inode, b.Inode))
}
