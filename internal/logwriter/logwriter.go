// Package logwriter writes log files as services and logrotate do, for tests of who reads them: every line has a
// number, so that what is lost, repeated or out of order can be told.
package logwriter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Service writes numbered lines to one file. It is used by one goroutine.
type Service struct {
	// Name is the file's, and what its lines begin with.
	Name string
	// Next is the number of the last line that was begun; 0: none was.
	Next int

	folder  string
	keeps   bool // it keeps its file open, also over renaming
	file    *os.File
	partial bool // its last line has no end
	rotated int
}

// New is a service that writes to a file of a folder. One that keeps its file open goes on with it after a rotation,
// until it is told to close it.
func New(folder, name string, keeps bool) *Service {
	return &Service{Name: name, folder: folder, keeps: keeps}
}

// Path is where it writes to.
func (s *Service) Path() string { return filepath.Join(s.folder, s.Name) }

// Parse reads a line that was written.
func Parse(line string) (name string, number int, err error) {
	if n, err := fmt.Sscanf(line, "%s %d end", &name, &number); n != 2 || err != nil || line != text(name, number) {
		return "", 0, fmt.Errorf("%q is no line that was written", line)
	}
	return name, number, nil
}

func text(name string, number int) string { return fmt.Sprintf("%s %d end", name, number) }

// Write writes lines. With partial, the last one gets its end only with the next call.
func (s *Service) Write(n int, partial bool) error {
	if err := s.open(); err != nil {
		return err
	}
	var b strings.Builder
	if s.partial {
		b.WriteString(" end\n")
		s.partial = false
		n--
	}
	for i := range n {
		s.Next++
		line := text(s.Name, s.Next)
		if partial && i == n-1 {
			b.WriteString(strings.TrimSuffix(line, " end"))
			s.partial = true
			continue
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	_, err := s.file.WriteString(b.String())
	if !s.keeps {
		err = errors.Join(err, s.Close())
	}
	return err
}

func (s *Service) open() (err error) {
	if s.file == nil {
		s.file, err = os.OpenFile(s.Path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	return err
}

// Whole ends the last line.
func (s *Service) Whole() error {
	if s.partial {
		return s.Write(1, false)
	}
	return nil
}

// Close closes the file, if it is open.
func (s *Service) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// Rotate renames the files as logrotate does, and keeps them all. Then the service writes late lines to the file that
// it has open, if it keeps one, and begins a new one with its next line.
func (s *Service) Rotate(late int) error {
	if err := s.Whole(); err != nil {
		return err
	}
	if _, err := os.Stat(s.Path()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := s.shift(); err != nil {
		return err
	}
	if err := os.Rename(s.Path(), s.Path()+".1"); err != nil {
		return err
	}
	if s.file != nil && late > 0 {
		if err := s.Write(late, false); err != nil {
			return err
		}
	}
	return s.Close()
}

// CopyTruncate rotates by copying, and says how many bytes were copied.
func (s *Service) CopyTruncate() (int64, error) {
	if err := s.Whole(); err != nil {
		return 0, err
	}
	content, err := os.ReadFile(s.Path())
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(content) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := s.shift(); err != nil {
		return 0, err
	}
	if err := os.WriteFile(s.Path()+".1", content, 0o600); err != nil {
		return 0, err
	}
	return int64(len(content)), os.Truncate(s.Path(), 0)
}

// shift makes room for a first rotated file.
func (s *Service) shift() error {
	for n := s.rotated; n > 0; n-- {
		err := os.Rename(fmt.Sprintf("%s.%d", s.Path(), n), fmt.Sprintf("%s.%d", s.Path(), n+1))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.rotated++
	return nil
}

// Remove removes the file, with what nobody has read.
func (s *Service) Remove() error { return errors.Join(s.Close(), gone(os.Remove(s.Path()))) }

// Truncate empties the file, likewise.
func (s *Service) Truncate() error { return gone(os.Truncate(s.Path(), 0)) }

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
