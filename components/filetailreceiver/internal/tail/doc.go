// Package tail reads log files and remembers what was delivered of them.
//
// One goroutine looks for files and decides what has to be read; a few readers take files in turn, a piece from each;
// each piece is delivered in a goroutine of its own. How far a file was delivered is the end of the last piece which
// was delivered together with all before it, and only that is saved.
//
// A file is its identity (device and inode), not its name. A file whose content was replaced, by truncation or because
// a new file got an old inode, is recognised by the bytes before the offset: they are read again together with what
// follows, in one call, so that there is no moment between the check and the reading.
package tail
