package source

import "bytes"

// Format is what a file is, by its first bytes.
type Format string

// Formats. What is no archive is text.
const (
	None  Format = ""
	Gzip  Format = "gzip"
	Zstd  Format = "zstd"
	XZ    Format = "xz"
	Bzip2 Format = "bzip2"
	Zip   Format = "zip"
	LZ4   Format = "lz4"
	LZMA7 Format = "7z"
	LZW   Format = "compress"
)

// longestMagic is how many first bytes tell a format.
const longestMagic = 10

// magic are the first bytes of formats, from their specifications: RFC 1952, RFC 8878, the .xz file format 1.2.1, bzip2's
// header and its first block's, PKWARE's APPNOTE (a local file, or the end of an empty archive), the LZ4 frame format and its
// legacy frames, 7zFormat.txt, and compress(1).
var magic = []struct {
	format Format
	bytes  string
}{
	{Gzip, "\x1f\x8b\x08"},
	{Zstd, "\x28\xb5\x2f\xfd"},
	{XZ, "\xfd7zXZ\x00"},
	{Zip, "PK\x03\x04"},
	{Zip, "PK\x05\x06"},
	{LZ4, "\x04\x22\x4d\x18"},
	{LZ4, "\x02\x21\x4c\x18"},
	{LZMA7, "7z\xbc\xaf\x27\x1c"},
	{LZW, "\x1f\x9d"},
}

// FormatOf is the format of a file that begins with these bytes.
func FormatOf(head []byte) Format {
	for _, m := range magic {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.format
		}
	}
	if len(head) >= 10 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' {
		if block := string(head[4:10]); block == "1AY&SY" || block == "\x17\x72\x45\x38\x50\x90" {
			return Bzip2
		}
	}
	return None
}
