package winaccess

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"
)

func TestFilesAreDescribedAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.yaml")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	o, err := look(file)
	require.NoError(t, err)
	assert.True(t, o.file)
	assert.False(t, o.link)
	assert.Equal(t, uint32(1), o.names)
	d, err := parse(o.sddl)
	require.NoError(t, err, o.sddl)
	assert.NotEmpty(t, d.owner)

	o, err = look(dir)
	require.NoError(t, err)
	assert.False(t, o.file)

	require.NoError(t, os.Link(file, filepath.Join(dir, "y.yaml")))
	o, err = look(file)
	require.NoError(t, err)
	assert.Equal(t, uint32(2), o.names)

	_, err = look(filepath.Join(dir, "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestFolderIsMadeOnceAndStaysAsItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, MakeFolder(dir, StateSDDL(service)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x"), nil, 0o600))
	require.NoError(t, MakeFolder(dir, StateSDDL(service)))
	assert.FileExists(t, filepath.Join(dir, "x"))
}

// Everybody may write what has the list of everybody.
func TestFileThatOthersMayChangeIsFound(t *testing.T) {
	account, err := Account()
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "x.yaml")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	trusted := NewTrusted(service, account)
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;WD)")
	require.NoError(t, err)
	list, _, err := sd.DACL()
	require.NoError(t, err)
	require.NoError(t, windows.SetNamedSecurityInfo(file, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil))
	assert.ErrorContains(t, trusted.children(dir, true), "S-1-1-0")
}

func TestFolderThatSomebodyMadeIsReplacedByANewOne(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "x")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "state"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.yaml"), []byte("old"), 0o600))
	before, err := os.Stat(dir)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, before), "which looks now and not later")
	r := Renewal{Path: dir, SDDL: FolderSDDL(service), Folders: map[string]string{"state": StateSDDL(service)}, Files: map[string][]byte{"x.yaml": []byte("new")}}
	require.NoError(t, r.Renew())
	after, err := os.Stat(dir)
	require.NoError(t, err)
	assert.False(t, os.SameFile(before, after))
	text, err := os.ReadFile(filepath.Join(dir, "x.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "new", string(text))
	assert.DirExists(t, filepath.Join(dir, "state"))
	left, err := os.ReadDir(above)
	require.NoError(t, err)
	assert.Len(t, left, 1)

	assert.ErrorIs(t, makeNew(dir, FolderSDDL(service)), os.ErrExist, "one that somebody made meanwhile is not taken")
}
