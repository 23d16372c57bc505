// Package statelog keeps keys and values in a folder of append-only files, so that damage costs what is damaged and never
// the start. It is the store below the extension state_storage.
//
// A file (segment) is a sequence of frames. A frame is one batch: it counts whole or not at all.
//
//	salt 8 | sequence 8 | length 4 | CRC32C of these 4 | payload | CRC32C of header and payload 4
//
// The payload is a list of operations: set (key, value), delete (key), and floor, which voids every frame with a lower
// sequence. For each key the operation with the highest sequence counts, wherever it stands: files that are copied, swapped
// or put back from a backup change nothing. Numbers are little-endian.
//
// The salt is random, one for each store, and stands in the name of each file too. It is how a reader finds the next frame
// after damage, and why bytes within a value are not taken for a frame: whoever writes values does not know it.
//
// A new segment begins with a copy of all that counts while that is small (snapshotLimit), and the segment before it is
// kept: a store of offsets is on the disk twice, the second time as it was some minutes ago at most. A larger store is a queue; its oldest segment is copied to the end when
// more than half of the store is void.
//
// A write that fails (a full disk, a file system that became read-only) leaves the values in memory, up to MaxUnsaved, and
// the store goes on. It tries a new segment until that succeeds, and all that was kept in memory is then written.
package statelog
