package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/audit"
)

// failing returns a fault of one operation.
func failing(op string, with error) func(string) error {
	return func(done string) error {
		if done == op {
			return with
		}
		return nil
	}
}

func TestATrailRecoversFromEveryFaultOfTheDisk(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		for _, with := range []error{syscall.ENOSPC, syscall.EIO, syscall.EACCES} {
			t.Run(fmt.Sprint(op, " ", with), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { failAndRecover(t, op, with) })
			})
		}
	}
}

func failAndRecover(t *testing.T, op string, with error) {
	folder := t.TempDir()
	disk := new(audit.FaultyDisk)
	var told []error
	someone := identity(t)
	trail, err := audit.OpenOn(disk, audit.Options{
		Folder: folder, Recipients: []age.Recipient{someone.Recipient()},
		Report: func(err error) { told = append(told, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	add(t, trail, 3)
	disk.Fail(failing(op, with))
	for range 2 { // the first that fails, and one that is refused at once
		if err := trail.Append(t.Context(), refused(9)); !errors.Is(err, with) {
			t.Errorf("error %v, want %v", err, with)
		}
	}
	if status := trail.Status(); !errors.Is(status.Err, with) || status.Unrecorded != 2 {
		t.Errorf("status %+v", status)
	}
	time.Sleep(3 * audit.DefaultRetry) // of the bubble: it still fails
	disk.Heal()
	time.Sleep(2 * audit.DefaultRetry)
	if status := trail.Status(); status.Err != nil || status.Unrecorded != 0 || status.Lost != 2 {
		t.Errorf("status %+v after the disk works again", status)
	}
	if err := trail.Append(t.Context(), refused(3)); err != nil {
		t.Error(err)
	}
	closeTrail(t, trail)
	wantRequests(t, requests(t, folder, someone), 4)
	if report := read(t, folder, audit.ReadOptions{}); report.Lost != 2 || report.Segments != 2 {
		t.Errorf("%d lost in %d segments, want 2 in 2", report.Lost, report.Segments)
	}
	if len(told) != 2 || told[0] == nil || told[1] != nil {
		t.Errorf("told %v, want an error and its end", told)
	}
}

// brokenOff returns a trail whose disk has taken half of a record, and fails to
// write and to do one thing more.
func brokenOff(t *testing.T, more string) (folder string, disk *audit.FaultyDisk, trail *audit.Trail) {
	t.Helper()
	folder, disk = t.TempDir(), new(audit.FaultyDisk)
	trail, err := audit.OpenOn(disk, audit.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	disk.Fail(func(op string) error {
		if op == "write" || op == more {
			return syscall.EIO
		}
		return nil
	})
	if err := trail.Append(t.Context(), refused(0)); err == nil {
		t.Error("acknowledged")
	}
	return folder, disk, trail
}

func TestWhatFailedIsCutOffBeforeTheTrailGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, disk, trail := brokenOff(t, "truncate")
		disk.Fail(failing("truncate", syscall.EIO))
		time.Sleep(3 * audit.DefaultRetry)
		if status := trail.Status(); status.Err == nil {
			t.Error("the trail went on behind half of a record")
		}
		disk.Heal()
		time.Sleep(2 * audit.DefaultRetry)
		add(t, trail, 1)
		closeTrail(t, trail)
		wantRequests(t, requests(t, folder), 1)
	})
}

func TestASegmentThatWasBegunInVainDoesNotStopTheTrail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, disk, trail := brokenOff(t, "remove")
		// It begins segment 2, and cannot remove it.
		time.Sleep(3 * audit.DefaultRetry)
		disk.Heal()
		time.Sleep(2 * audit.DefaultRetry)
		add(t, trail, 1)
		closeTrail(t, trail)
		wantRequests(t, requests(t, folder), 1)
	})
}

func TestWhatASyncLosesIsCountedAndNotSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		disk := new(audit.FaultyDisk)
		var signed []*audit.Checkpoint
		trail, err := audit.OpenOn(disk, audit.Options{
			Folder: folder, Sync: audit.SyncInterval, SignAfter: 2,
			Signed: func(c *audit.Checkpoint) { signed = append(signed, c) },
		})
		if err != nil {
			t.Fatal(err)
		}
		add(t, trail, 3)
		disk.Fail(failing("sync", syscall.EIO))
		time.Sleep(2 * audit.DefaultSyncInterval)
		if status := trail.Status(); status.Recorded != 0 || status.Lost != 3 || status.Unrecorded != 3 {
			t.Errorf("status %+v, want 3 lost", status)
		}
		disk.Heal()
		time.Sleep(2 * audit.DefaultRetry)
		closeTrail(t, trail)
		if report := read(t, folder, audit.ReadOptions{}); report.Events != 0 || report.Lost != 3 {
			t.Errorf("%d events, %d lost; want 0 and 3", report.Events, report.Lost)
		}
		for _, checkpoint := range signed {
			read(t, folder, audit.ReadOptions{Checkpoint: checkpoint})
		}
	})
}

func TestASegmentThatIsRemovedWhileItIsWrittenIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		trail := open(t, audit.Options{Folder: folder})
		add(t, trail, 1)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * audit.DefaultSignInterval)
		if segment := trail.Status().Segment; segment != 2 {
			t.Errorf("segment %d, want a new one", segment)
		}
		add(t, trail, 1)
		closeTrail(t, trail)
		wantFault(t, folder, audit.ReadOptions{}, "00000001.audit: the segments before record")
	})
}

func TestATrailIsSignedAfterATimeWithoutEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		var signed []uint64
		trail := open(t, audit.Options{Folder: folder, Signed: func(c *audit.Checkpoint) { signed = append(signed, c.Seq()) }})
		add(t, trail, 3)
		time.Sleep(audit.DefaultSignInterval + time.Second)
		synctest.Wait()
		if len(signed) != 2 || signed[1] != 5 {
			t.Errorf("signed %v, want the records 1 and 5", signed)
		}
		if report := read(t, folder, audit.ReadOptions{}); report.Signed != 5 {
			t.Errorf("signed up to %d", report.Signed)
		}
		closeTrail(t, trail)
	})
}

func TestAnIntervalIsNotExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := new(audit.FaultyDisk)
		trail, err := audit.OpenOn(disk, audit.Options{Folder: t.TempDir(), Sync: audit.SyncInterval})
		if err != nil {
			t.Fatal(err)
		}
		var syncs atomic.Int64
		disk.Fail(func(op string) error {
			if op == "sync" {
				syncs.Add(1)
			}
			return nil
		})
		add(t, trail, 5)
		if n := syncs.Load(); n != 0 {
			t.Errorf("%d syncs within the interval", n)
		}
		time.Sleep(audit.DefaultSyncInterval)
		synctest.Wait()
		if n := syncs.Load(); n != 1 {
			t.Errorf("%d syncs after the interval, want 1", n)
		}
		closeTrail(t, trail)
	})
}

func TestSegmentsThatCannotBeDeletedDoNotStopTheTrail(t *testing.T) {
	folder := t.TempDir()
	disk := new(audit.FaultyDisk)
	for range 3 {
		trail, err := audit.OpenOn(disk, audit.Options{Folder: folder, RetainCount: 1})
		if err != nil {
			t.Fatal(err)
		}
		disk.Fail(failing("remove", syscall.EACCES))
		add(t, trail, 1)
		closeTrail(t, trail)
		status := trail.Status()
		if status.Err != nil || status.Segment == 3 && !errors.Is(status.Retention, syscall.EACCES) {
			t.Errorf("status %+v", status)
		}
	}
	if report := read(t, folder, audit.ReadOptions{}); report.Segments != 3 || report.Deleted != 1 {
		t.Errorf("%d segments, %d deleted; want 3 that are there, and 1 to be deleted", report.Segments, report.Deleted)
	}
}

func TestAnEventWhoseCallerLeavesIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	trail := open(t, audit.Options{Folder: t.TempDir(), Delay: time.Millisecond})
	if err := trail.Append(ctx, refused(0)); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	closeTrail(t, trail)
}

// smallDisk mounts a small disk in place of a new folder. Its memory is real,
// and really full at the end.
func smallDisk(t *testing.T, size string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, size); err != nil {
		t.Skipf("this user may not mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func TestADiskWithoutInodesIsToldAndTheTrailGoesOnWhenThereAreSome(t *testing.T) {
	folder := smallDisk(t, "nr_inodes=12")
	recovered := make(chan struct{}, 1)
	options := audit.Options{Folder: folder, Retry: time.Millisecond, SignAfter: 1, Report: func(err error) {
		if err == nil {
			recovered <- struct{}{}
		}
	}}
	trail := open(t, options)
	var ballast []string
	for err := error(nil); err == nil; {
		name := filepath.Join(folder, fmt.Sprint("ballast", len(ballast)))
		if err = os.WriteFile(name, nil, 0o600); err == nil {
			ballast = append(ballast, name)
		}
	}
	add(t, trail, 2) // The segment has its inode.
	if status := trail.Status(); status.Err != nil || !errors.Is(status.Unkept, syscall.ENOSPC) {
		t.Errorf("status %+v, want that the last signature is not kept", status)
	}
	if err := trail.Change(options); err != nil {
		t.Fatal(err)
	}
	// The next segment has none.
	if err := trail.Append(t.Context(), refused(9)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want no space", err)
	}
	for _, name := range ballast {
		remove(t, name)
	}
	<-recovered
	add(t, trail, 1)
	if err := trail.Status().Unkept; err != nil {
		t.Error(err)
	}
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Events != 3 || report.Lost == 0 {
		t.Errorf("%d events and %d lost, want 3 and some", report.Events, report.Lost)
	}
}

func TestASlowDiskHoldsUpNobodyWhoDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slow = 30 * time.Second
		disk := new(audit.FaultyDisk)
		folder := t.TempDir()
		trail, err := audit.OpenOn(disk, audit.Options{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		disk.Fail(func(op string) error {
			if op == "sync" {
				time.Sleep(slow)
			}
			return nil
		})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := trail.Append(ctx, refused(0)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who waits a second: %v", err)
		}
		taken := 0
		for range 2 * audit.DefaultMaxWaiting {
			if trail.Offer(refused(0)) {
				taken++
			}
		}
		if took := time.Since(start); took != time.Second || taken != audit.DefaultMaxWaiting {
			t.Errorf("%d events were taken in %v, want %d in 1s", taken, took, audit.DefaultMaxWaiting)
		}
		closeTrail(t, trail) // waits for the disk
		if report := read(t, folder, audit.ReadOptions{}); report.Events != uint64(taken)+1 || report.Lost != audit.DefaultMaxWaiting {
			t.Errorf("%d events and %d lost, want %d and %d", report.Events, report.Lost, taken+1, audit.DefaultMaxWaiting)
		}
	})
}

func TestAFullDiskIsToldAndTheTrailGoesOnWhenThereIsRoom(t *testing.T) {
	folder := smallDisk(t, "size=512k")
	recovered := make(chan struct{}, 1)
	trail := open(t, audit.Options{Folder: folder, Retry: time.Millisecond, Report: func(err error) {
		if err == nil {
			recovered <- struct{}{}
		}
	}})
	ballast := filepath.Join(folder, "ballast")
	write(t, ballast, make([]byte, 300<<10))
	large := audit.Event{Name: "x", Fields: []audit.Field{audit.Text("text", strings.Repeat("x", 20<<10))}}
	acknowledged := uint64(0)
	var err error
	for err == nil {
		if err = trail.Append(t.Context(), large); err == nil {
			acknowledged++
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error %v, want no space", err)
	}
	remove(t, ballast)
	<-recovered
	add(t, trail, 1)
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Events != acknowledged+1 || report.Lost == 0 {
		t.Errorf("%d events and %d lost, want %d and some", report.Events, report.Lost, acknowledged+1)
	}
}

func TestATornEndIsTakenOutAndKept(t *testing.T) {
	original := t.TempDir()
	trail := open(t, audit.Options{Folder: original})
	add(t, trail, 5)
	closeTrail(t, trail)
	whole := readFile(t, filepath.Join(original, "00000001.audit"))
	rapid.Check(t, func(rt *rapid.T) {
		folder := filepath.Join(t.TempDir(), "trail")
		if err := os.CopyFS(folder, os.DirFS(original)); err != nil {
			rt.Fatal(err)
		}
		cut := rapid.IntRange(0, len(whole)).Draw(rt, "cut")
		noise := rapid.SliceOfN(rapid.SampledFrom([]byte("\x00\n{}x")), 0, 40).Draw(rt, "noise")
		// It would miss what was signed.
		remove(t, audit.SignedFileOf(audit.KeyFileOf(folder)))
		left := append(append([]byte(nil), whole[:cut]...), noise...)
		write(t, filepath.Join(folder, "00000001.audit"), left)
		lines := strings.Count(commonPrefix(left, whole), "\n")
		if lines == 1 {
			lines = 0 // The first record is nothing without its signature.
		}
		trail, err := audit.Open(audit.Options{Folder: folder})
		if err != nil {
			rt.Fatal(err)
		}
		if err := trail.Close(); err != nil {
			rt.Fatal(err)
		}
		report, err := audit.Read(folder, audit.ReadOptions{})
		if err != nil || len(report.Faults) > 0 {
			rt.Fatalf("%v, %v", err, report)
		}
		// and the first records of the next segment
		if lines > 0 && report.Last != uint64(lines+2) {
			rt.Fatalf("%d records of %d whole ones", report.Last-2, lines)
		}
		kept, err := filepath.Glob(filepath.Join(folder, "*.torn"))
		if err != nil {
			rt.Fatal(err)
		}
		size := 0
		for _, name := range kept {
			size += len(readFile(t, name))
		}
		if present := int(fileSize(t, filepath.Join(folder, "00000001.audit"))); lines > 0 && present+size != len(left) {
			rt.Fatalf("%d bytes and %d torn are kept of %d", present, size, len(left))
		}
	})
}

func commonPrefix(a, b []byte) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return string(a[:n])
}

func fileSize(t *testing.T, name string) int64 {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestSignedRecordsThatAreDamagedAtTheEndAreAFault(t *testing.T) {
	folder := t.TempDir()
	makeTrail(t, audit.Options{Folder: folder})
	forger{t, folder}.replace(3, firstEvent, `":"`, `":"x`)
	closeTrail(t, open(t, audit.Options{Folder: folder}))
	wantFault(t, folder, audit.ReadOptions{}, "00000004.audit:1: record 28: signed records were damaged at the end of the segment before")
}
