package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/config"
)

// Where things are in the image. docs/deploying/container.md names them.
const (
	programPath = "usr/bin/otelcol-cloudwatch"
	docPath     = "usr/share/doc/otelcol-cloudwatch"
	noticesName = "THIRD_PARTY_NOTICES.txt"
	configPath  = "etc/otelcol-cloudwatch"
	statePath   = "var/lib/otelcol-cloudwatch"
	certsPath   = "etc/ssl/certs/ca-certificates.crt" // where Go looks first on Linux
	userID      = 10001                               // no user of a host has it by chance
	userName    = "otelcol-cloudwatch"
)

// notForImages are shipped configurations that a container has no use for.
var notForImages = []string{"local.yaml", "windows.yaml", "layers/cwagent-metrics-windows.yaml"}

// entry is a file or a folder of a layer.
type entry struct {
	path string
	mode int64
	user int    // its group is root's
	text []byte // of a file; nil for a folder
}

// system is everything but the program.
func system() ([]entry, error) {
	entries := []entry{
		folder("etc", 0o755), folder("etc/ssl", 0o755), folder("etc/ssl/certs", 0o755), folder(configPath, 0o755),
		folder("usr", 0o755), folder("usr/bin", 0o755), folder("var", 0o755), folder("var/lib", 0o755),
		// The group is root's: so root may write without any capability, who reads the logs of others, and any user that
		// OpenShift chooses.
		{path: statePath + "/", mode: 0o770, user: userID},
		folder("tmp", 0o1777),
		file("etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\n%s:x:%d:%d::/%s:/sbin/nologin\n", userName, userID, userID, statePath)),
		file("etc/group", fmt.Sprintf("root:x:0:\n%s:x:%d:\n", userName, userID)),
		file(certsPath, certificates()),
	}
	err := fs.WalkDir(config.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." || slices.Contains(notForImages, name) {
			return err
		}
		if d.IsDir() {
			entries = append(entries, folder(configPath+"/"+name, 0o755))
			return nil
		}
		text, err := fs.ReadFile(config.Files, name)
		entries = append(entries, entry{path: configPath + "/" + name, mode: 0o644, text: text})
		return err
	})
	return entries, err
}

func folder(path string, mode int64) entry { return entry{path: path + "/", mode: mode} }

func file(path, text string) entry { return entry{path: path, mode: 0o644, text: []byte(text)} }

// certificates are Mozilla's roots, of the version in go.mod. Those that count only for some names or until some day are left
// out, since a file cannot say so.
func certificates() string {
	var out strings.Builder
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		// A strings.Builder takes everything.
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
	}
	return out.String()
}

// program is the layer of the collector and of the licences of what is linked into it, which stand beside it.
func program(path string) ([]entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	notices, err := os.ReadFile(filepath.Join(filepath.Dir(path), noticesName))
	if err != nil {
		return nil, err
	}
	return []entry{
		folder("usr", 0o755), folder("usr/bin", 0o755), {path: programPath, mode: 0o755, text: text},
		folder("usr/share", 0o755), folder("usr/share/doc", 0o755), folder(docPath, 0o755),
		{path: docPath + "/" + noticesName, mode: 0o644, text: notices},
	}, nil
}

// archive is a layer's tar file.
func archive(entries []entry, moment time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.path, Mode: e.mode, Uid: e.user, ModTime: moment, Format: tar.FormatUSTAR, Typeflag: tar.TypeDir}
		if !strings.HasSuffix(e.path, "/") {
			header.Typeflag, header.Size = tar.TypeReg, int64(len(e.text))
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(e.text)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}
