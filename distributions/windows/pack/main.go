package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if err := pack(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func pack(args []string) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	version := flags.String("version", "", "version of the release, such as 1.2.3")
	exe := flags.String("exe", "", "the collector, built for windows/amd64")
	out := flags.String("out", "dist", "folder for the zip and the MSI")
	root := flags.String("root", ".", "the repository")
	only := flags.String("only", "", "zip or msi, instead of both")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version == "" || *exe == "" {
		return errors.New("-version and -exe are needed: run make package-windows VERSION=1.2.3")
	}
	if *only != "" && *only != "zip" && *only != "msi" {
		return fmt.Errorf("-only %q is not one of zip, msi", *only)
	}
	moment, err := sourceDate()
	if err != nil {
		return err
	}
	files, err := layout(*root, *exe)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	name := "otelcol-cloudwatch-" + *version + "-windows-amd64"
	if *only != "msi" {
		if err := createZip(filepath.Join(*out, name+".zip"), name, files, moment); err != nil {
			return err
		}
	}
	if *only != "zip" {
		return writeMSI(filepath.Join(*out, name+".msi"), *version, files, moment)
	}
	return nil
}

func createZip(out, folder string, files []packed, moment time.Time) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(writeZip(f, folder, files, moment), f.Close())
}

// sourceDate is the moment that archives have: SOURCE_DATE_EPOCH. The zip's and the cabinet's times begin in 1980.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds: run make package-windows, which sets it, or give one", text)
	}
	moment := time.Unix(seconds, 0).UTC()
	if start := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); moment.Before(start) {
		moment = start
	}
	return moment, nil
}
