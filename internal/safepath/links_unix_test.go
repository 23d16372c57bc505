//go:build unix

package safepath

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	attacker = 2000
	app      = 2001
)

// tree is a folder that only root can have made: its files and links belong to several users.
type tree struct {
	t      *testing.T
	folder string
}

func newTree(t *testing.T) tree {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files to others")
	}
	folder, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o755))
	return tree{t, folder}
}

func (tr tree) path(name string) string { return filepath.Join(tr.folder, name) }

func (tr tree) dir(name string, owner int) string {
	tr.t.Helper()
	require.NoError(tr.t, os.MkdirAll(tr.path(name), 0o755))
	require.NoError(tr.t, os.Chown(tr.path(name), owner, owner))
	return tr.path(name)
}

func (tr tree) file(name string, owner int) string {
	tr.t.Helper()
	require.NoError(tr.t, os.MkdirAll(filepath.Dir(tr.path(name)), 0o755))
	require.NoError(tr.t, os.WriteFile(tr.path(name), []byte("text of "+name+"\n"), 0o600))
	require.NoError(tr.t, os.Chown(tr.path(name), owner, owner))
	return tr.path(name)
}

func (tr tree) link(to, name string, owner int) string {
	tr.t.Helper()
	require.NoError(tr.t, os.Symlink(to, tr.path(name)))
	require.NoError(tr.t, os.Lchown(tr.path(name), owner, owner))
	return tr.path(name)
}

// reads says what a path is read as, or why not.
func reads(r *Rules, path string) (string, error) {
	f, err := r.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text := make([]byte, 1000)
	n, err := f.Read(text)
	return strings.TrimSpace(string(text[:n])), err
}

func TestALinkIsFollowedWhereItsMakerMayReadWhatItLeadsTo(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	tr.file("root/secret", 0)
	tr.file("apps/42/app.log", app)
	tr.dir("apps/42", attacker)
	tr.file("own/own.log", attacker)
	tr.dir("own", attacker)
	tr.dir("logs", attacker)
	for _, c := range []struct {
		name, to string
		owner    int
		at       string // the path that is opened; default: the link
		refused  string
	}{
		{name: "file of root, by root", to: "../root/secret"},
		{name: "file of root, by another", to: "../root/secret", owner: attacker, refused: "follow_links::owners"},
		{name: "absolute", to: tr.path("root/secret"), owner: attacker, refused: "user 2000 is not followed"},
		{name: "own file", to: "../own/own.log", owner: attacker},
		{name: "file of another user", to: "../apps/42/app.log", owner: attacker, refused: "belongs to user 2001"},
		{name: "own folder, in which another writes", to: "../apps/42", owner: attacker, at: "/app.log"},
		{name: "folder of root", to: "../root", owner: attacker, at: "/secret", refused: "is not followed"},
		{name: "folder of root, and back", to: "../root/../own/own.log", owner: attacker},
		{name: "by root's link", to: "trusted", owner: attacker, refused: "is not followed"},
		{name: "proc", to: "/proc/self/environ", refused: "on a proc file system"},
		{name: "proc, by another", to: "/proc/self/environ", owner: attacker, refused: "on a proc file system"},
		{name: "magic link", to: "/proc/self/root" + tr.path("own/own.log"), refused: "on a proc file system"},
		{name: "open file", to: "/proc/self/fd/0", refused: "proc"},
		{name: "sys", to: "/sys/kernel/uevent_seqnum", refused: "on a sysfs file system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := "logs/" + strings.ReplaceAll(c.name, " ", "-")
			if c.to == "trusted" {
				tr.link("../root/secret", "logs/trusted", 0)
			}
			path := tr.link(c.to, name, c.owner) + c.at
			text, err := reads(new(Rules), path)
			_, look := new(Rules).Look(path)
			if c.refused == "" {
				require.NoError(t, err)
				require.NoError(t, look)
				assert.Contains(t, text, "text of ")
				return
			}
			require.ErrorContains(t, err, c.refused)
			require.ErrorContains(t, look, c.refused)
			_, refused := errors.AsType[*RefusedError](err)
			assert.True(t, refused)
		})
	}
}

func TestAnOperatorAllowsLinks(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	tr.file("root/a.log", 0)
	tr.file("other/b.log", 0)
	a, b := tr.link("root/a.log", "a", attacker), tr.link("other/b.log", "b", attacker)
	owners := &Rules{Owners: []string{strconv.Itoa(attacker)}}
	require.NoError(t, owners.Validate())
	into := &Rules{Into: []string{tr.path("root")}}
	require.NoError(t, into.Validate())
	for _, path := range []string{a, b} {
		_, err := reads(owners, path)
		require.NoError(t, err)
	}
	_, err := reads(into, a)
	require.NoError(t, err)
	_, err = reads(into, b)
	require.ErrorContains(t, err, "not followed")
	assert.Equal(t, []string{"nobody-of-that-name"}, (&Rules{Owners: []string{"root", "nobody-of-that-name", "4711"}}).Unknown())
	assert.ErrorContains(t, (&Rules{Owners: []string{""}}).Validate(), `follow_links::owners: one is empty`)
	assert.ErrorContains(t, (&Rules{Into: []string{"relative"}}).Validate(), `follow_links::into: "relative" is not the absolute path of a folder`)
	assert.ErrorContains(t, (&Rules{Into: []string{"/"}}).Validate(), "below the root")
}

// TestTheKubeletsLinksAreFollowed has the chain of a node with Docker.
func TestTheKubeletsLinksAreFollowed(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	tr.file("lib/docker/containers/1/1-json.log", 0)
	tr.dir("log/pods/ns_pod_uid/app", 0)
	tr.link(tr.path("lib/docker/containers/1/1-json.log"), "log/pods/ns_pod_uid/app/0.log", 0)
	tr.dir("log/containers", 0)
	path := tr.link(tr.path("log/pods/ns_pod_uid/app/0.log"), "log/containers/pod_ns_app-1.log", 0)
	text, err := reads(new(Rules), path)
	require.NoError(t, err)
	assert.Equal(t, "text of lib/docker/containers/1/1-json.log", text)
}

func TestStateFoldersAreClosedUnderEveryName(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	state := tr.dir("state", 0)
	file := tr.file("state/config/x.good.json", 0)
	Protect(state)
	tr.link("state", "logs", 0)
	tr.link("../state/config", "deep", 0)
	for _, path := range []string{file, tr.path("logs/config/x.good.json"), tr.path("other/../state/config/x.good.json")} {
		tr.dir("other", 0)
		_, err := reads(new(Rules), path)
		require.ErrorContains(t, err, "where the collector keeps its state", path)
	}
	found, _ := all(t, new(Rules), tr.path("**/*"))
	assert.Empty(t, found)
	require.ErrorContains(t, new(Rules).Remove(tr.folder, file, ID{}, nil), "keeps its state")
}

func TestHardLinksOfSecretsAreNotRead(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	secret := tr.file("root/secret", 0)
	tr.dir("logs", attacker)
	tr.dir("shared", 0)
	require.NoError(t, os.Chmod(tr.path("shared"), 0o1777))
	for _, name := range []string{"logs/a.log", "shared/a.log"} {
		require.NoError(t, os.Link(secret, tr.path(name)))
		_, err := reads(new(Rules), tr.path(name))
		require.ErrorContains(t, err, "a second name (a hard link)", name)
		_, err = reads(&Rules{Into: []string{filepath.Dir(tr.path(name))}}, tr.path(name))
		require.NoError(t, err)
	}
	found, problems := all(t, new(Rules), tr.path("logs/*"))
	assert.Empty(t, found)
	assert.Len(t, problems, 1)
	_, err := reads(new(Rules), secret)
	require.NoError(t, err, "in a folder in which only root makes names")
	// A link of root's has a second name, too, which leads elsewhere from another folder.
	moved := tr.link("../root/secret", "shared/trusted", 0)
	require.NoError(t, os.Link(moved, tr.path("logs/moved.log")))
	_, err = reads(new(Rules), tr.path("logs/moved.log"))
	require.ErrorContains(t, err, "a second name (a hard link)")
	own := tr.file("logs/own.log", attacker)
	require.NoError(t, os.Link(own, tr.path("logs/own-2.log")))
	_, err = reads(new(Rules), own)
	require.NoError(t, err, "who writes it has linked it")
	require.NoError(t, os.Chmod(secret, 0o644))
	_, err = reads(new(Rules), tr.path("logs/a.log"))
	require.NoError(t, err, "everybody may read it")
}

func TestLinksWithoutAnEndAreGivenUp(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	require.NoError(t, os.Symlink("b", filepath.Join(d, "a")))
	require.NoError(t, os.Symlink("a", filepath.Join(d, "b")))
	_, err := new(Rules).Look(filepath.Join(d, "a"))
	require.ErrorIs(t, err, syscall.ELOOP)
	deep := d
	require.NoError(t, os.Symlink(".", filepath.Join(d, "here")))
	for range 50 {
		deep = filepath.Join(deep, "here")
	}
	_, err = new(Rules).Look(filepath.Join(deep, "a"))
	require.ErrorIs(t, err, syscall.ELOOP)
}

// all is what a pattern names.
func all(t *testing.T, r *Rules, pattern string) (found []string, problems []Match) {
	t.Helper()
	s := r.NewSearch(pattern)
	done, _, err := s.Next(t.Context(), Budget{}, func(m Match) {
		if m.Err != nil {
			problems = append(problems, m)
		} else {
			found = append(found, m.Path)
		}
	})
	require.NoError(t, err)
	require.True(t, done)
	return found, problems
}

// TestLinksToTheirOwnFolderDoNotMakeASearchEndless has those that doubled the names with each level.
func TestLinksToTheirOwnFolderDoNotMakeASearchEndless(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	file := write(t, filepath.Join(d, "x", "app.log"))
	for _, name := range []string{"a", "b", "x/up"} {
		to := "."
		if name == "x/up" {
			to = ".."
		}
		require.NoError(t, os.Symlink(to, filepath.Join(d, name)))
	}
	found, problems := all(t, new(Rules), filepath.Join(d, "**", "*.log"))
	assert.Empty(t, problems)
	assert.Equal(t, []string{file}, found, "once, under the name without links")
	found, _ = all(t, new(Rules), filepath.Join(d, "*", "*", "*", "*.log"))
	assert.LessOrEqual(t, len(found), 9)
}

func TestASearchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	for _, n := range []string{"a", "b", "c"} {
		write(t, filepath.Join(d, n, "x.log"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := new(Rules).NewSearch(filepath.Join(d, "**"))
	n := 0
	_, _, err := s.Next(ctx, Budget{}, func(Match) { n++; cancel() })
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, n)
}

func TestAFolderThatBecomesALinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	tr.file("root/app.log", 0)
	tr.file("logs/app/app.log", attacker)
	tr.dir("logs/app", attacker)
	path := tr.path("logs/app/app.log")
	info, err := new(Rules).Look(path)
	require.NoError(t, err)
	require.NoError(t, os.Rename(tr.path("logs/app"), tr.path("logs/old")))
	tr.link("../root", "logs/app", attacker)
	_, err = new(Rules).Open(path)
	require.ErrorContains(t, err, "is not followed")
	require.ErrorContains(t, new(Rules).Remove(tr.path("logs"), path, info.ID, nil), "nothing is removed through this link")
	assert.FileExists(t, tr.path("root/app.log"))
}

// TestSwapsAreNeverRead changes a name between an own file and a link to a secret, again and again.
func TestSwapsAreNeverRead(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	secret := tr.file("root/secret", 0)
	tr.dir("logs", attacker)
	path := tr.path("logs/a.log")
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Symlink(secret, path+".1")
			_ = os.Lchown(path+".1", attacker, attacker)
			_ = os.Rename(path+".1", path)
			_ = os.WriteFile(path+".2", []byte("harmless\n"), 0o600)
			_ = os.Chown(path+".2", attacker, attacker)
			_ = os.Rename(path+".2", path)
		}
	}()
	read := 0
	for range 20000 {
		text, err := reads(new(Rules), path)
		if err == nil && text != "" {
			read++
			require.Equal(t, "harmless", text)
		}
	}
	close(stop)
	<-done
	assert.Positive(t, read)
}

func TestAFileIsOnlyRemovedAsItIsKnown(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	yes := func(Info) bool { return true }
	r := new(Rules)
	victim := tr.file("victim/v.log", app)
	tr.dir("logs", 0)
	id := func(path string) ID {
		info, err := r.Look(path)
		require.NoError(t, err)
		return info.ID
	}
	t.Run("not through a link below the pattern's folder, whoever made it", func(t *testing.T) {
		tr.link("../victim", "logs/linked", 0)
		require.ErrorContains(t, r.Remove(tr.path("logs"), tr.path("logs/linked/v.log"), id(victim), yes), "nothing is removed through this link")
		assert.FileExists(t, victim)
	})
	t.Run("no link itself", func(t *testing.T) {
		link := tr.link("../victim/v.log", "logs/l.log", 0)
		require.Error(t, r.Remove(tr.path("logs"), link, id(victim), yes))
		assert.FileExists(t, victim)
		_, err := os.Lstat(link)
		require.NoError(t, err)
	})
	t.Run("through root's link in the part that is written out", func(t *testing.T) {
		path := tr.file("data/a.log", app)
		tr.link("data", "current", 0)
		require.NoError(t, r.Remove(tr.path("current"), tr.path("current/a.log"), id(path), yes))
		assert.NoFileExists(t, path)
	})
	t.Run("not through another's", func(t *testing.T) {
		path := tr.file("data/b.log", app)
		tr.link("data", "theirs", attacker)
		require.ErrorContains(t, r.Remove(tr.path("theirs"), tr.path("theirs/b.log"), id(path), yes), "nothing is removed through this link")
	})
	t.Run("not another file of the name", func(t *testing.T) {
		path := tr.file("logs/c.log", app)
		old := id(path)
		old.Inode++
		require.ErrorIs(t, r.Remove(tr.path("logs"), path, old, yes), ErrChanged)
		assert.FileExists(t, path)
	})
	t.Run("not one that was written to", func(t *testing.T) {
		path := tr.file("logs/d.log", app)
		require.ErrorIs(t, r.Remove(tr.path("logs"), path, id(path), func(is Info) bool { return is.Size == 0 }), ErrChanged)
		assert.FileExists(t, path)
	})
}
