// Package inventory says what each found file is: the same file going on, rotated (and which), a copy of a known one (and how
// much of it is known), replaced, or new. Decide is a function of what is known, what was found, and what a Prober reads; it has no
// lock and keeps nothing. Who watches the files calls it and does what it says.
//
// The evidence is taken in this order:
//
//  1. Device and inode. A file that has those of a known one is that one, under whatever name: Same, or Rotated where the name
//     changed. It is not where it is shorter than what was read, where a reader found other bytes before its offset, or where
//     it is under an unrelated name and does not fit: then its content is gone from it, and it is decided as if it were unknown.
//  2. The inode on another device, where the content fits: a volume that was attached again. Same.
//  3. The name, where what was read under it is gone and the content fits: rsync and editors rename a new file over the old one. Same.
//  4. The content of a file that is gone, or was truncated, within the last minute: a move to another file system, a copy from before
//     the truncation, an archive. Rotated.
//  5. The content of a file that is there, under a name that its own extends (app.log.bak of app.log). The file waits for up to
//     10 s after it has grown last, as the original may be about to be truncated: then 4 decides. Otherwise it is a Copy. What
//     is known of the original is not sent again, and the rest is sent under its own name.
//  6. Otherwise it is New (Replaced where another content was): a log of its own, whatever its name.
//
// A content fits where the file begins with what is known of its beginning, and has the same bytes before the offset. Names only say
// which contents are compared. Where nothing but the content speaks for a file (3 to 5), it has to be specific: 256 bytes or more, and
// no heartbeat, as programs begin their logs with the same few lines each time. In doubt a file is new: lines that come twice cost
// less than lines that are lost.
//
// A file with a number or a date more in its name is only taken for a generation of a log if that log's file went from its name
// within the last 5 s, and either to a name of the same shape or, where nobody knows whither, if the number is at the end.
//
// Contents that may come back are looked up by their inode, path and beginning, originals by names that a name can be made from, so
// that the cost is linear in the files, and each unknown file is opened only where there is something to compare it with.
package inventory
