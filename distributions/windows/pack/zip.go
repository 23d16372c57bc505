package main

import (
	"archive/zip"
	"compress/flate"
	"io"
	"os"
	"time"
)

// writeZip packs files under a folder. The same files and moment make the same bytes.
func writeZip(out io.Writer, folder string, files []packed, moment time.Time) error {
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: moment.UTC()})
		if err != nil {
			return err
		}
		if err := copyFile(w, f.source); err != nil {
			return err
		}
	}
	return z.Close()
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
