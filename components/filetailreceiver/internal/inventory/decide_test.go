package inventory

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

func TestAFileThatGrowsIsTheSame(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 3))
	k := h.readsAll("/l/app.log")
	h.write("/l/app.log", lines("a", 1, 5))
	d := h.look()["/l/app.log"]
	assert.Equal(t, Same, d.Kind)
	assert.Equal(t, k, d.Of)
	assert.Zero(t, h.opened, "its content is compared when it is read")
}

func TestRenamedFilesAreRotatedAndKeepTheirName(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 3))
	h.readsAll("/l/app.log")
	h.rename("/l/app.log", "/l/app.log.1")
	h.write("/l/app.log", lines("a", 4, 5))
	all := h.look()
	assert.Equal(t, Rotated, all["/l/app.log.1"].Kind)
	assert.Equal(t, "/l/app.log", all["/l/app.log.1"].Path)
	assert.Equal(t, New, all["/l/app.log"].Kind)
	assert.Equal(t, "/l/app.log", all["/l/app.log"].Path)
}

func TestSiblingsThatBeginLaterAreLogsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for base, names := range map[string][]string{
		"worker.log": {"worker-2.log", "worker.8081.log", "worker.log.8081", "worker-2026-11-28.log"},
		"app.log":    {"app.log.err", "app.log-audit", "app.log.1", "app.1.log", "app.log-20261128"},
		"server":     {"server-error.log", "server.1"},
		"cron":       {"cron-apt.log", "cron.2"},
	} {
		h := newHost(t)
		h.write("/l/"+base, lines("a", 1, 30))
		h.readsAll("/l/" + base)
		for _, name := range names {
			h.write("/l/"+name, lines(name, 1, 30))
		}
		all := h.look()
		for _, name := range names {
			assert.Equal(t, New, all["/l/"+name].Kind, name)
			assert.Equal(t, "/l/"+name, all["/l/"+name].Path, name)
			assert.False(t, all["/l/"+name].Wait, name)
		}
	}
}

func TestAGenerationThatNobodySawIsOfTheLogThatWasRotatedAtThatMoment(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 3))
	h.readsAll("/l/app.log")
	h.write("/l/app.log.x", lines("x", 1, 3))
	h.rename("/l/app.log", "/l/app.log.2")
	h.write("/l/app.log.1", lines("a", 4, 5))
	h.write("/l/app.log", lines("a", 6, 7))
	h.write("/l/app-2.log", lines("other", 1, 2))
	h.write("/l/app.log-audit", lines("other", 1, 2))
	all := h.look()
	assert.Equal(t, "/l/app.log", all["/l/app.log.1"].Path)
	assert.Equal(t, New, all["/l/app.log.1"].Kind)
	for _, own := range []string{"/l/app-2.log", "/l/app.log-audit", "/l/app.log.x"} {
		assert.Equal(t, own, all[own].Path)
	}
	h.o.Now = now.Add(movedTime + time.Second)
	h.known[0].Now = "/l/app.log.2"
	h.write("/l/app.log.3", lines("late", 1, 2))
	assert.Equal(t, "/l/app.log.3", h.look()["/l/app.log.3"].Path, "the rotation was long ago")
}

// In the first look of a run, it is known from the run before where a file was.
func TestARotationWhileNobodyLookedIsOne(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 3))
	k := h.readsAll("/l/app.log")
	h.known[k].Now, h.known[k].Was = "", "/l/app.log"
	h.rename("/l/app.log", "/l/app.log.2")
	h.write("/l/app.log.1", lines("a", 4, 5))
	h.write("/l/app.log", lines("a", 6, 7))
	assert.Equal(t, "/l/app.log", h.look()["/l/app.log.1"].Path)
}

func TestAGenerationWhoseFirstWasRotatedOutIsKnownByItsEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 3))
	h.readsAll("/l/app.log")
	h.remove("/l/app.log")
	for _, name := range []string{"app.log", "app.log.1", "app.log.2", "app-2.log"} {
		h.write("/l/"+name, lines(name, 1, 3))
	}
	all := h.look()
	assert.Equal(t, "/l/app.log", all["/l/app.log.1"].Path)
	assert.Equal(t, "/l/app.log", all["/l/app.log.2"].Path)
	assert.Equal(t, "/l/app-2.log", all["/l/app-2.log"].Path)
}

func TestAnotherDeviceNumberIsNoOtherFile(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	texts := map[string]string{"/v/app.log": lines("a", 1, 100), "/v/short.log": "x\n", "/v/empty.log": "", "/v/app.log.1": lines("a", 1, 90)}
	want := map[string]int{}
	for path, text := range texts {
		h.write(path, text)
		want[path] = h.readsAll(path)
	}
	for path, id := range h.ids {
		h.ids[path] = files.ID{Device: 7, Inode: id.Inode}
	}
	for path, d := range h.look() {
		assert.Equal(t, Same, d.Kind, path)
		assert.Equal(t, want[path], d.Of, path)
	}
}

// Two volumes that change their device numbers with each other, and have files of the same inodes.
func TestTwoVolumesThatChangeNumbersChangeNoFiles(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/v/a.log", lines("a", 1, 100))
	h.write("/w/b.log", lines("b", 1, 100))
	h.ids["/v/a.log"], h.ids["/w/b.log"] = files.ID{Device: 1, Inode: 12}, files.ID{Device: 2, Inode: 12}
	a, b := h.readsAll("/v/a.log"), h.readsAll("/w/b.log")
	h.ids["/v/a.log"], h.ids["/w/b.log"] = files.ID{Device: 2, Inode: 12}, files.ID{Device: 1, Inode: 12}
	all := h.look()
	assert.Equal(t, b, all["/v/a.log"].Displaced)
	assert.Equal(t, a, all["/w/b.log"].Displaced)
}

func TestAnInodeThatIsUsedAgainIsAnotherFile(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	k := h.readsAll("/l/app.log")
	id := h.ids["/l/app.log"]
	h.remove("/l/app.log")
	h.ids["/l/other.log"] = id
	h.write("/l/other.log", lines("other", 1, 200))
	for _, place := range []Place{Here, Gone} {
		if h.known[k].Place = place; place == Gone {
			h.known[k].Now, h.known[k].Since, h.known[k].Was = "", now.Add(-time.Second), "/l/app.log"
		}
		d := h.look()["/l/other.log"]
		assert.Equal(t, New, d.Kind)
		assert.Equal(t, k, d.Displaced)
		assert.Equal(t, "/l/other.log", d.Path)
	}
}

func TestANewFileWithTheOldContentGoesOn(t *testing.T) {
	t.Parallel()
	for _, grown := range []int{100, 200} {
		h := newHost(t)
		h.write("/l/app.log", lines("a", 1, 100))
		k := h.readsAll("/l/app.log")
		h.remove("/l/app.log")
		h.write("/l/app.log", lines("a", 1, grown))
		d := h.look()["/l/app.log"]
		assert.Equal(t, Same, d.Kind)
		assert.Equal(t, k, d.Of)
	}
}

func TestALogThatBeginsAgainWithTheSameFewLinesIsNew(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", "started\nready\n")
	h.readsAll("/l/app.log")
	h.remove("/l/app.log")
	h.write("/l/app.log", "started\nready\n")
	h.times["/l/app.log"] = now.Add(time.Second)
	assert.Equal(t, New, h.look()["/l/app.log"].Kind)
	h = newHost(t)
	beats := ""
	for range 100 {
		beats += "heartbeat OK\n"
	}
	h.write("/l/app.log", beats)
	h.readsAll("/l/app.log")
	h.remove("/l/app.log")
	h.write("/l/app.log", beats)
	h.times["/l/app.log"] = now.Add(time.Second)
	assert.Equal(t, New, h.look()["/l/app.log"].Kind, "a heartbeat")
}

func TestAMoveToAnotherFileSystemGoesOn(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 300))
	k := h.readsAll("/l/app.log")
	h.remove("/l/app.log")
	h.write("/m/app.log.1", lines("a", 1, 320))
	h.write("/l/app.log", lines("a", 321, 322))
	all := h.look()
	assert.Equal(t, Rotated, all["/m/app.log.1"].Kind)
	assert.Equal(t, k, all["/m/app.log.1"].Of)
	assert.Equal(t, "/l/app.log", all["/m/app.log.1"].Path)
	assert.Equal(t, New, all["/l/app.log"].Kind)
}

func TestAnEqualFileThatComesLongAfterItsLikeIsNew(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/job-1/out.log", lines("a", 1, 300))
	k := h.readsAll("/l/job-1/out.log")
	h.remove("/l/job-1/out.log")
	h.known[k].Place, h.known[k].Since, h.known[k].Now = Gone, now.Add(-2*recent), ""
	h.write("/l/job-2/out.log", lines("a", 1, 300))
	assert.Equal(t, New, h.look()["/l/job-2/out.log"].Kind)
}

func TestATruncatedFileIsReplacedAndItsCopyGoesOn(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 6))
	k := h.reads("/l/app.log", len(lines("a", 1, 3)))
	h.write("/l/app.log.1", lines("a", 1, 6))
	h.write("/l/app.log", "a 7\n")
	all := h.look()
	assert.Equal(t, Replaced, all["/l/app.log"].Kind)
	assert.Equal(t, k, all["/l/app.log"].Displaced)
	assert.Equal(t, Rotated, all["/l/app.log.1"].Kind, "also where it is short")
	assert.Equal(t, k, all["/l/app.log.1"].Of)
}

func TestWhatWasReadAfterItWasFoundIsNotShorter(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 6))
	k := h.readsAll("/l/app.log")
	h.known[k].Touched = now.Add(time.Millisecond)
	h.write("/l/app.log", lines("a", 1, 3))
	d := h.look()["/l/app.log"]
	assert.Equal(t, Same, d.Kind)
	assert.True(t, d.Wait)
}

func TestArchivesGoOnWithWhatIsInThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		read   int
		beside bool
	}{"app.log.1.gz": {100, false}, "app.log.2.gz": {60, false}, "app.log-20261128.gz": {100, true}, "app-1.log.gz": {0, true}} {
		h := newHost(t)
		h.o.LeaveArchives = true
		all := lines("a", 1, 100)
		h.write("/l/app.log", all)
		k := h.reads("/l/app.log", len(lines("a", 1, want.read)))
		h.remove("/l/app.log")
		path := "/l/" + name
		h.write(path, all)
		h.zipped[path] = true
		if want.beside {
			h.o.Beside = []files.Found{{Path: path, ID: h.ids[path], Size: 100, Modified: now, Seen: now}}
			text := h.texts[path]
			delete(h.texts, path)
			decided := h.lookBeside(path, text)
			assert.Equal(t, Rotated, decided.Kind, name)
			assert.Equal(t, k, decided.Of, name)
			continue
		}
		d := h.look()[path]
		assert.Equal(t, Rotated, d.Kind, name)
		assert.Equal(t, k, d.Of, name)
		assert.True(t, d.Archive, name)
		assert.Equal(t, "/l/app.log", d.Path, name)
	}
}

// lookBeside looks where a file can be read that no pattern names.
func (h *host) lookBeside(path, text string) Decision {
	var found []files.Found
	for i := range h.known {
		h.known[i].Place, h.known[i].Since, h.known[i].Was, h.known[i].Now = Gone, h.o.Now, h.known[i].Now, ""
	}
	h.texts[path] = text
	return Decide(slices.Clone(h.known), found, h, h.o)[0]
}

func TestAnArchiveOfNothingKnownIsLeftOutUnlessArchivesAreRead(t *testing.T) {
	t.Parallel()
	for _, leave := range []bool{true, false} {
		h := newHost(t)
		h.o.LeaveArchives = leave
		h.write("/l/app.log", lines("a", 1, 100))
		h.readsAll("/l/app.log")
		h.write("/l/app.log.1.gz", lines("b", 1, 100))
		h.zipped["/l/app.log.1.gz"] = true
		want := New
		if leave {
			want = LeftOut
		}
		assert.Equal(t, want, h.look()["/l/app.log.1.gz"].Kind)
	}
}

func TestImportedOffsetsAreOfTheirPath(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/app.log", lines("a", 1, 100))
	h.write("/l/other.log", lines("a", 1, 100))
	h.known = []Known{{Path: "/l/app.log", Place: Imported, Read: Position{Offset: 100}, Acked: Position{Offset: 100}}}
	all := h.look()
	assert.Equal(t, Same, all["/l/app.log"].Kind)
	assert.Equal(t, 0, all["/l/app.log"].Of)
	assert.Equal(t, New, all["/l/other.log"].Kind)
}

func TestFilesThatWereThereBeforeBeginAtTheirEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.o.FromEnd, h.o.Novel = true, func(files.Found) bool { return true }
	text := lines("a", 1, 100)
	h.write("/l/app.log", text)
	d := h.look()["/l/app.log"]
	assert.Equal(t, New, d.Kind)
	assert.EqualValues(t, len(text), d.At.Offset)
	assert.True(t, d.At.Tail.Of([]byte(text[len(text)-256:])), "a copy of it is recognised")
	assert.True(t, d.Head.Of([]byte(text[:1000])))
}

func TestOnlyTheIdentityThatWasAskedForCounts(t *testing.T) {
	t.Parallel()
	for _, identity := range []Identity{ByContent, ByPath, ByInode} {
		h := newHost(t)
		h.o.Identity = identity
		h.write("/l/app.log", "started\n")
		h.write("/l/moved.log", lines("a", 1, 100))
		h.readsAll("/l/app.log")
		h.readsAll("/l/moved.log")
		h.remove("/l/app.log")
		h.remove("/l/moved.log")
		h.write("/l/app.log", "started\nagain\n")
		h.write("/m/moved.log.1", lines("a", 1, 100))
		all := h.look()
		assert.Equal(t, identity == ByPath, all["/l/app.log"].Kind == Same, identity)
		assert.Equal(t, identity == ByContent, all["/m/moved.log.1"].Kind == Rotated, identity)
	}
}

func TestTenThousandNewFilesAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/l/job.log", lines("a", 1, 100))
	h.readsAll("/l/job.log")
	h.write("/l/gone.log", lines("g", 1, 100))
	h.readsAll("/l/gone.log")
	h.remove("/l/gone.log")
	const n = 10_000
	for i := range n {
		h.write(fmt.Sprintf("/l/job-%d.log", i), fmt.Sprintf("line of %d\n", i))
	}
	began := time.Now()
	all := h.look()
	for i := range n {
		path := fmt.Sprintf("/l/job-%d.log", i)
		assert.Equal(t, path, all[path].Path)
		assert.Equal(t, New, all[path].Kind)
	}
	assert.LessOrEqual(t, h.opened, 2*n+2)
	assert.Less(t, time.Since(began), time.Minute)
	h.most, h.opened = 100, 0
	later := 0
	for _, d := range h.look() {
		if d.Kind == Later {
			later++
		}
	}
	assert.InDelta(t, n-100, later, 100, "others have their turn")
}
