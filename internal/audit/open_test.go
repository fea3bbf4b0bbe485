package audit_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/audit"
)

func TestATrailThatWasChangedDoesNotGoOn(t *testing.T) {
	for what, test := range map[string]struct {
		do   func(f forger)
		want string
	}{
		"a segment is planted that nobody signed": {func(f forger) {
			first := strings.Replace(f.lines(3)[0], `"segment":3`, `"segment":99`, 1)
			write(f.t, f.path(99), []byte(first+f.lines(3)[firstEvent]))
			f.relink(99, 1)
		}, "00000099.audit:2: the first record of the segment is not signed"},
		"an event is changed, and all hashes after it": {func(f forger) {
			f.replace(3, firstEvent, `":"`, `":"x`)
			f.relink(3, firstEvent+1)
		}, "00000003.audit:7: the signature does not fit the records before it"},
		"the id of the trail is changed, and all hashes after it": {func(f forger) {
			f.replace(3, 0, `"trail":"`, `"trail":"f`)
			f.relink(3, 1)
		}, "00000003.audit:2: the signature does not fit the records before it"},
		"the format is changed":          {func(f forger) { f.replace(3, 0, `odordiff-audit/1`, `odordiff-audit/0`) }, "has the format"},
		"a segment is there twice":       {func(f forger) { write(f.t, f.path(4), readFile(f.t, f.path(3))) }, "says that its number is 3"},
		"the segment before was changed": {func(f forger) { f.replace(2, lastLine, `"by":"`, `"by":"AAAA`) }, "signature does not fit"},
		"the segment before was cut off": {func(f forger) {
			f.edit(2, func(l []string) []string { return l[:firstSignature+1] })
		}, "00000003.audit does not follow the segment before it"},
		"many events are put in after the last signature": {func(f forger) {
			f.edit(3, func(l []string) []string { return append(l, slices.Repeat(l[firstEvent:firstEvent+1], 3000)...) })
			f.relink(3, lastLine+1)
		}, "more than 2053 records follow each other without a signature"},
	} {
		t.Run(what, func(t *testing.T) {
			f := forger{t, t.TempDir()}
			makeTrail(t, audit.Options{Folder: f.folder})
			test.do(f)
			trail, err := audit.Open(audit.Options{Folder: f.folder})
			if err == nil {
				closeTrail(t, trail)
				t.Fatal("the trail went on")
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "the trail was changed") {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestATornEndIsReportedAndALargeOneIsAFault(t *testing.T) {
	for what, test := range map[string]struct {
		bytes  int
		faults int
	}{"what one record can leave": {500, 0}, "more": {2 << 20, 1}} {
		t.Run(what, func(t *testing.T) {
			folder := t.TempDir()
			closeTrail(t, open(t, audit.Options{Folder: folder}))
			name := segmentsIn(t, folder)[0]
			write(t, name, append(readFile(t, name), make([]byte, test.bytes)...))
			closeTrail(t, open(t, audit.Options{Folder: folder}))
			report, err := audit.Read(folder, audit.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if report.TakenOut != int64(test.bytes) || len(report.Faults) != test.faults {
				t.Errorf("%d bytes were taken out, with the faults %v; want %d and %d", report.TakenOut, report.Faults, test.bytes, test.faults)
			}
		})
	}
}

func TestTheNamesOfNewFoldersAreBroughtToTheDisk(t *testing.T) {
	disk := new(audit.FaultyDisk)
	var done []string
	disk.Fail(func(op string) error { done = append(done, op); return nil })
	trail, err := audit.OpenOn(disk, audit.Options{Folder: filepath.Join(t.TempDir(), "new", "trail")})
	if err != nil {
		t.Fatal(err)
	}
	closeTrail(t, trail)
	if begun := slices.Index(done, "create"); begun != 2 || done[0] != "folder" || done[1] != "folder" {
		t.Errorf("done: %v; want that two folders are synced first", done)
	}
}

func TestACheckpointThatIsOlderThanWhatIsKeptIsAFault(t *testing.T) {
	folder := t.TempDir()
	options := audit.Options{Folder: folder, RetainCount: 1}
	var old *audit.Checkpoint
	for range 4 {
		trail := open(t, options)
		add(t, trail, 2)
		closeTrail(t, trail)
		if old == nil {
			old = read(t, folder, audit.ReadOptions{}).Latest
		}
	}
	read(t, folder, audit.ReadOptions{})
	wantFault(t, folder, audit.ReadOptions{Checkpoint: old}, "older than what is kept, and shows nothing")
}

func TestAClockThatLeapsDeletesNothing(t *testing.T) {
	var leap time.Duration
	options := audit.Options{Folder: t.TempDir(), RetainAge: 72 * time.Hour, Now: func() time.Time { return time.Now().Add(leap) }}
	for range 3 {
		trail := open(t, options)
		add(t, trail, 1)
		closeTrail(t, trail)
	}
	leap = 1000 * 24 * time.Hour
	trail := open(t, options)
	add(t, trail, 1)
	closeTrail(t, trail)
	if report := read(t, options.Folder, audit.ReadOptions{}); report.Segments != 4 || report.Deleted != 0 {
		t.Errorf("%d segments, deleted up to %d; want 4 and 0", report.Segments, report.Deleted)
	}
}

func TestASegmentThatIsCutOffWhileItIsFollowedIsAFault(t *testing.T) {
	f := forger{t, t.TempDir()}
	makeTrail(t, audit.Options{Folder: f.folder})
	done := make(chan struct{})
	report, err := audit.Read(f.folder, audit.ReadOptions{
		Follow: done,
		AtEnd: func() error {
			if err := os.Truncate(f.path(3), fileSize(t, f.path(3))/2); err != nil {
				return err
			}
			remove(t, audit.SignedFileOf(audit.KeyFileOf(f.folder)))
			closeTrail(t, open(t, audit.Options{Folder: f.folder}))
			return nil
		},
		Visit: func(r audit.Record) error {
			if r.Segment == 4 && r.Event != nil && strings.Contains(string(r.Event), "trail.signature") {
				close(done)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range report.Faults {
		if strings.Contains(fault.String(), "00000003.audit:12: the segment was cut off while it was read") {
			return
		}
	}
	t.Errorf("found %v", report.Faults)
}
