package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	program = "otelcol_cloudwatch.exe" // file and component
	cabinet = "files.cab"
)

// A version of Windows Installer: three numbers of 8, 8 and 16 bits.
var numbers = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)`)

// installerVersion is the part of a version that Windows Installer knows: 1.2.3 of 1.2.3-rc.1.
func installerVersion(version string) (string, error) {
	m := numbers.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("version %q does not begin with three numbers such as 1.2.3: give make VERSION=1.2.3", version)
	}
	for i, limit := range []int{255, 255, 65535} {
		if n, err := strconv.Atoi(m[i+1]); err != nil || n > limit {
			return "", fmt.Errorf("version %q: number %d is above %d, which is the most that Windows Installer compares", version, i+1, limit)
		}
	}
	return m[0], nil
}

// uuid is that of a name (RFC 9562, version 5), as Windows Installer writes it.
func uuid(name string) string {
	h := sha1.Sum([]byte("otelcol-cloudwatch/windows/" + name))
	h[6], h[8] = h[6]&0x0f|0x50, h[8]&0x3f|0x80
	s := strings.ToUpper(hex.EncodeToString(h[:16]))
	return "{" + s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:] + "}"
}

// idt is a table as Windows Installer exchanges it.
func (t table) idt() string {
	var names, types []string
	for _, c := range t.columns {
		name, kind, _ := strings.Cut(c, ":")
		names, types = append(names, name), append(types, kind)
	}
	lines := []string{strings.Join(names, "\t"), strings.Join(types, "\t"), t.name + "\t" + strings.Join(names[:t.keys], "\t")}
	for _, r := range t.rows {
		lines = append(lines, strings.Join(r, "\t"))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// summary is what Explorer shows, and what says for which processor the package is.
func summary(version, packageCode string, moment time.Time) table {
	at := moment.UTC().Format("2006/01/02 15:04:05")
	return table{name: "_SummaryInformation", columns: []string{"PropertyId:i2", "Value:l255"}, keys: 1, rows: [][]string{
		{"1", "1252"},
		{"2", "Installation Database"},
		{"3", serviceDisplayName + " " + version},
		{"4", manufacturer},
		{"5", "Installer"},
		{"6", serviceDescription},
		{"7", "x64;1033"},
		{"9", packageCode},
		{"12", at}, {"13", at},
		{"14", "500"}, // Windows Installer 5.0: MsiServiceConfig, MsiLockPermissionsEx
		{"15", "2"},   // compressed
		{"18", "otelcol-cloudwatch/distributions/windows/pack"},
		{"19", "2"},
	}}
}

// needTools says what to install where something is missing.
func needTools() error {
	for tool, in := range map[string]string{"msibuild": "msitools", "gcab": "gcab"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed, and the MSI cannot be made without it: apt-get install %s (Fedora: dnf install %s)", tool, in, in)
		}
	}
	return nil
}

// writeMSI makes the installer out. The same files, version and moment make the same bytes.
func writeMSI(out, version string, files []packed, moment time.Time) error {
	if err := needTools(); err != nil {
		return err
	}
	number, err := installerVersion(version)
	if err != nil {
		return err
	}
	d, err := newDatabase(number, files, func(p packed) (int64, error) {
		info, err := os.Stat(p.source)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	})
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".msi-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	if err := makeCabinet(work, d.files, moment); err != nil {
		return err
	}

	// Windows Installer takes two packages of one product code for one product, and refuses the second. So a build of
	// other content has codes of its own.
	content := sha256.New()
	if err := copyFile(content, filepath.Join(work, cabinet)); err != nil {
		return err
	}
	for _, t := range d.tables() {
		if _, err := io.WriteString(content, t.idt()); err != nil {
			return err
		}
	}
	sum := version + " " + hex.EncodeToString(content.Sum(nil))
	d.productCode = uuid("product " + sum)

	args := []string{"new.msi"}
	for _, t := range append(d.tables(), summary(version, uuid("package "+sum), moment)) {
		name := t.name + ".idt"
		if err := os.WriteFile(filepath.Join(work, name), []byte(t.idt()), 0o644); err != nil {
			return err
		}
		args = append(args, "-i", name)
	}
	if err := run(work, "msibuild", args...); err != nil {
		return err
	}
	if err := run(work, "msibuild", "new.msi", "-a", cabinet, cabinet); err != nil {
		return err
	}
	return os.Rename(filepath.Join(work, "new.msi"), out)
}

// makeCabinet compresses files under their keys. Their times are the cabinet's only part that is not theirs.
func makeCabinet(work string, files []file, moment time.Time) error {
	staged := filepath.Join(work, "files")
	if err := os.Mkdir(staged, 0o755); err != nil {
		return err
	}
	args := []string{"--create", "--zip", "--nopath", filepath.Join(work, cabinet)}
	for _, f := range files {
		name := filepath.Join(staged, f.key)
		if err := stage(name, f.source, moment); err != nil {
			return err
		}
		args = append(args, f.key)
	}
	return run(staged, "gcab", args...)
}

func stage(name, source string, moment time.Time) error {
	w, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := copyFile(w, source); err != nil {
		w.Close()
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.Chtimes(name, moment, moment)
}

// run runs a tool. Both tools print what is wrong and exit with 0 for some mistakes, so words are a failure, too.
func run(dir, tool string, args ...string) error {
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8") // a cabinet has local times
	out, err := cmd.CombinedOutput()
	if err == nil && len(out) > 0 {
		err = fmt.Errorf("it complains")
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", tool, err, strings.TrimSpace(string(out)))
	}
	return nil
}
