package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"filippo.io/age"
	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/audit"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv("AUDIT_TEST_WRITE_TO"); folder != "" {
		writeUntilKilled(folder)
		return
	}
	goleak.VerifyTestMain(m)
}

// open opens a trail that is closed at the end of the test, unless it was.
func open(t testing.TB, options audit.Options) *audit.Trail {
	t.Helper()
	trail, err := audit.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trail.Close(); err != nil && !errors.Is(err, audit.ErrClosed) {
			t.Error(err)
		}
	})
	return trail
}

// add records events that are numbered from 0.
func add(t testing.TB, trail *audit.Trail, events int) {
	t.Helper()
	for i := range events {
		if err := trail.Append(context.Background(), refused(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func refused(i int) audit.Event {
	return audit.Event{
		Name: "request.refused", Request: fmt.Sprint("r", i), Principal: "alice",
		Fields: []audit.Field{audit.Text("problem", "limited"), audit.Number("status", 429), audit.List("by", []string{"burst"})},
	}
}

func closeTrail(t testing.TB, trail *audit.Trail) {
	t.Helper()
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
}

// read reads a trail, which must be without faults.
func read(t testing.TB, folder string, options audit.ReadOptions) *audit.Report {
	t.Helper()
	report, err := audit.Read(folder, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	return report
}

// requests returns the ids of the requests of all events, in order.
func requests(t testing.TB, folder string, identities ...age.Identity) []string {
	t.Helper()
	var ids []string
	read(t, folder, audit.ReadOptions{Identities: identities, Visit: func(r audit.Record) error {
		var event struct{ Request string }
		if err := json.Unmarshal(r.Event, &event); err != nil {
			t.Errorf("record %d: %v", r.Seq, err)
		}
		if event.Request != "" {
			ids = append(ids, event.Request)
		}
		return nil
	}})
	return ids
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	made, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func wantRequests(t testing.TB, got []string, want int) {
	t.Helper()
	if len(got) != want {
		t.Fatalf("%d events, want %d: %v", len(got), want, got)
	}
	for i, id := range got {
		if id != fmt.Sprint("r", i) {
			t.Fatalf("event %d is of request %s", i, id)
		}
	}
}

func TestWhatIsAcknowledgedIsInTheTrail(t *testing.T) {
	for _, sync := range []audit.Sync{audit.SyncEach, audit.SyncGroup, audit.SyncInterval} {
		t.Run(string(sync), func(t *testing.T) {
			folder := t.TempDir()
			trail := open(t, audit.Options{Folder: folder, Sync: sync})
			add(t, trail, 20)
			wantRequests(t, requests(t, folder), 20) // while it is open
			closeTrail(t, trail)
			report := read(t, folder, audit.ReadOptions{})
			if report.Events != 20 || report.Signed != report.Last-1 {
				t.Errorf("%+v, want 20 events, all of them signed", report)
			}
		})
	}
}

func TestEventsOfManyAtATimeAreAllThere(t *testing.T) {
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, MaxGroup: 7, MaxWaiting: 20, SignAfter: 50})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				if err := trail.Append(t.Context(), refused(1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Events != 800 || report.Lost != 0 {
		t.Errorf("%d events and %d lost, want 800 and 0", report.Events, report.Lost)
	}
}

func TestATrailGoesOnAfterARestart(t *testing.T) {
	folder := t.TempDir()
	var before string
	for start := range 3 {
		trail := open(t, audit.Options{Folder: folder})
		if err := trail.Append(t.Context(), refused(start)); err != nil {
			t.Fatal(err)
		}
		closeTrail(t, trail)
		report := read(t, folder, audit.ReadOptions{})
		if before != "" && report.Trail != before {
			t.Errorf("the trail %s became %s", before, report.Trail)
		}
		before = report.Trail
	}
	wantRequests(t, requests(t, folder), 3)
}

func TestASegmentEndsAtItsSizeAndAtItsAge(t *testing.T) {
	var now atomic.Int64
	clock := func() time.Time { return time.Unix(1e9+now.Load(), 0) }
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, MaxSize: audit.MinSize, MaxAge: time.Hour, Now: clock})
	add(t, trail, 1)
	now.Store(3599)
	add(t, trail, 1)
	if n := trail.Status().Segment; n != 1 {
		t.Errorf("segment %d before an hour", n)
	}
	now.Store(3600)
	add(t, trail, 1)
	if n := trail.Status().Segment; n != 2 {
		t.Errorf("segment %d after an hour", n)
	}
	large := audit.Event{Name: "x", Fields: []audit.Field{audit.Text("text", strings.Repeat("x", 60<<10))}}
	for range 6 {
		if err := trail.Append(t.Context(), large); err != nil {
			t.Fatal(err)
		}
	}
	if n := trail.Status().Segment; n != 3 {
		t.Errorf("segment %d after 360 KiB", n)
	}
	closeTrail(t, trail)
	read(t, folder, audit.ReadOptions{})
}

func TestOldSegmentsAreDeletedAndTheTrailSaysSo(t *testing.T) {
	for name, retain := range map[string]func(*audit.Options){
		"by count": func(o *audit.Options) { o.RetainCount = 2 },
		"by age":   func(o *audit.Options) { o.RetainAge = 150 * time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			var now atomic.Int64
			options := audit.Options{
				Folder: t.TempDir(), MaxAge: time.Hour,
				Now: func() time.Time { return time.Unix(1e9+now.Load(), 0) },
			}
			retain(&options)
			trail := open(t, options)
			for range 6 {
				add(t, trail, 1)
				now.Add(3600)
			}
			closeTrail(t, trail)
			report := read(t, options.Folder, audit.ReadOptions{})
			if report.Deleted == 0 || report.First == 1 || uint64(report.Segments)+report.Deleted != 7 {
				t.Errorf("%d segments and %d deleted, want some of 7", report.Segments, report.Deleted)
			}
		})
	}
}

func TestAFloodOfMinorEventsLeavesTheLastTenthOfTheQuota(t *testing.T) {
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, Quota: 8 * audit.MinSize})
	flood := audit.Event{Name: "flood", Minor: true, Fields: []audit.Field{audit.Text("text", strings.Repeat("x", 20<<10))}}
	var err error
	for err == nil {
		err = trail.Append(t.Context(), flood)
	}
	if !errors.Is(err, audit.ErrQuota) {
		t.Fatal(err)
	}
	before := trail.Status()
	if !before.Reserved || before.Err != nil || before.Bytes > before.Quota*9/10 {
		t.Errorf("status %+v, want a tenth that is reserved", before)
	}
	for range 5000 {
		trail.Offer(flood)
	}
	if after := trail.Status(); after.Lost != 5001 || after.Unrecorded != 5001 || after.Bytes != before.Bytes {
		t.Errorf("status %+v, want 5001 lost and %d bytes", after, before.Bytes)
	}
	add(t, trail, 3)
	if after := trail.Status(); after.Unrecorded != 0 || after.Recorded != before.Recorded+3 {
		t.Errorf("status %+v after other events", after)
	}
	trail.Offer(flood) // The end of the trail tells of it.
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Lost != 5002 {
		t.Errorf("%d lost, want 5002", report.Lost)
	}
}

func TestAtTheQuotaNothingIsRecordedAndNothingIsDeleted(t *testing.T) {
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, Quota: audit.MinSize, Retry: time.Hour})
	large := audit.Event{Name: "x", Fields: []audit.Field{audit.Text("text", strings.Repeat("x", 50<<10))}}
	var recorded uint64
	for range 10 {
		if err := trail.Append(t.Context(), large); err == nil {
			recorded++
		} else if !errors.Is(err, audit.ErrQuota) {
			t.Fatal(err)
		}
	}
	status := trail.Status()
	if recorded == 0 || recorded == 10 || status.Lost != 10-recorded || !errors.Is(status.Err, audit.ErrQuota) {
		t.Errorf("%d of 10 recorded; %+v", recorded, status)
	}
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Events != recorded {
		t.Errorf("%d events, want %d", report.Events, recorded)
	}
}

func TestEventsThatCannotWaitAreCountedAndTheTrailSaysSo(t *testing.T) {
	folder := t.TempDir()
	disk := new(audit.FaultyDisk)
	trail, err := audit.OpenOn(disk, audit.Options{Folder: folder, MaxWaiting: 4})
	if err != nil {
		t.Fatal(err)
	}
	release, entered := make(chan struct{}), make(chan struct{}, 1)
	disk.Fail(func(op string) error {
		if op == "sync" {
			select {
			case entered <- struct{}{}:
			default:
			}
			<-release
		}
		return nil
	})
	if !trail.Offer(refused(0)) {
		t.Error("the first event was not taken")
	}
	<-entered // a sync that does not end
	taken := 0
	for range 10 {
		if trail.Offer(refused(1)) {
			taken++
		}
	}
	if taken != 4 || trail.Status().Lost != 6 {
		t.Errorf("%d taken, %d lost; want 4 and 6", taken, trail.Status().Lost)
	}
	close(release)
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Events != 5 || report.Lost != 6 {
		t.Errorf("%d events, %d lost; want 5 and 6", report.Events, report.Lost)
	}
}

func TestAClockThatGoesBackIsRecordedAndBreaksNoOrder(t *testing.T) {
	var now atomic.Int64
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, Now: func() time.Time { return time.Unix(1e9-now.Load(), 0) }})
	add(t, trail, 1)
	now.Store(1000)
	add(t, trail, 1)
	closeTrail(t, trail)
	trail = open(t, audit.Options{Folder: folder, Now: func() time.Time { return time.Unix(1e9-2000, 0) }})
	add(t, trail, 1)
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.ClockSteps != 2 {
		t.Errorf("%d steps, want 2", report.ClockSteps)
	}
}

// The process has measured that two hours went by, while the clock went back by
// one.
func TestAClockThatIsSetBackWhileTheProcessRunsIsRecorded(t *testing.T) {
	type layout struct { // of time.Time
		wall uint64
		ext  int64 // the monotonic reading
		loc  *time.Location
	}
	start := time.Now()
	back := start.Add(-time.Hour)
	(*layout)(unsafe.Pointer(&back)).ext += int64(3 * time.Hour)
	if back.Before(start) || !back.Round(0).Before(start.Round(0)) {
		t.Fatalf("%v is not after %v by the one clock and before it by the other", back, start)
	}
	folder := t.TempDir()
	var now atomic.Pointer[time.Time]
	now.Store(&start)
	trail := open(t, audit.Options{Folder: folder, Now: func() time.Time { return *now.Load() }})
	add(t, trail, 1)
	now.Store(&back)
	add(t, trail, 1)
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.ClockSteps != 1 {
		t.Errorf("%d steps, want 1", report.ClockSteps)
	}
}

func TestAFolderHasOneWriter(t *testing.T) {
	folder := t.TempDir()
	open(t, audit.Options{Folder: folder})
	if _, err := audit.Open(audit.Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v", err)
	}
}

func TestAClosedTrailTakesNothing(t *testing.T) {
	trail := open(t, audit.Options{Folder: t.TempDir()})
	closeTrail(t, trail)
	if err := trail.Append(t.Context(), refused(0)); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("error %v", err)
	}
	if trail.Offer(refused(0)) {
		t.Error("an offer was taken")
	}
}

func TestEventsThatATrailDoesNotTake(t *testing.T) {
	trail := open(t, audit.Options{Folder: t.TempDir()})
	for what, event := range map[string]audit.Event{
		"no name":               {},
		"a name of the trail's": {Name: "trail.gap"},
		"upper case":            {Name: "Request"},
		"a field twice":         {Name: "x", Fields: []audit.Field{audit.Text("a", "1"), audit.Text("a", "2")}},
		"a field with a quote":  {Name: "x", Fields: []audit.Field{audit.Text(`a"`, "1")}},
		"too large":             {Name: "x", Fields: []audit.Field{audit.Text("a", strings.Repeat("x", 65<<10))}},
	} {
		if err := trail.Append(t.Context(), event); err == nil {
			t.Errorf("%s: recorded", what)
		}
	}
	add(t, trail, 1)
}

func TestAnEventThatIsTooLargeIsCounted(t *testing.T) {
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder})
	large := audit.Event{Name: "x", Fields: []audit.Field{audit.Text("a", strings.Repeat("x", 65<<10))}}
	if trail.Offer(large) {
		t.Error("taken")
	}
	if lost := trail.Status().Lost; lost != 1 {
		t.Errorf("%d lost, want 1", lost)
	}
	closeTrail(t, trail)
	if report := read(t, folder, audit.ReadOptions{}); report.Lost != 1 {
		t.Errorf("the trail tells of %d lost, want 1", report.Lost)
	}
}

func TestEventsAreCanonicalJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		event := audit.Event{
			Name:      rapid.StringMatching(`[a-z]{1,8}(\.[a-z_0-9]{0,3}x)?`).Filter(func(s string) bool { return !strings.Contains(s, "..") }).Draw(t, "name"),
			Principal: rapid.String().Draw(t, "principal"), Request: rapid.String().Draw(t, "request"),
		}
		for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-z][a-z0-9_]{0,4}`), rapid.ID).Draw(t, "fields") {
			event.Fields = append(event.Fields, rapid.OneOf(
				rapid.Custom(func(t *rapid.T) audit.Field { return audit.Text(name, rapid.String().Draw(t, "text")) }),
				rapid.Custom(func(t *rapid.T) audit.Field {
					return audit.Number(name, rapid.Int64Range(-1<<53, 1<<53).Draw(t, "number"))
				}),
				rapid.Custom(func(t *rapid.T) audit.Field { return audit.List(name, rapid.SliceOf(rapid.String()).Draw(t, "list")) }),
			).Draw(t, "field"))
		}
		got, err := audit.Append(event, nil, time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "time"), 5000))
		if err != nil {
			t.Fatal(err)
		}
		want := jsontext.Value(bytes.Clone(got))
		if err := want.Canonicalize(); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s is not canonical: %s", got, want)
		}
	})
}

func TestASealedTrailIsVerifiedWithoutAKeyAndReadWithOne(t *testing.T) {
	folder := t.TempDir()
	one, other := identity(t), identity(t)
	options := audit.Options{Folder: folder, Recipients: []age.Recipient{one.Recipient(), other.Recipient()}}
	for start := range 3 {
		trail := open(t, options)
		for i := range 10 {
			if err := trail.Append(t.Context(), refused(start*10+i)); err != nil {
				t.Fatal(err)
			}
		}
		closeTrail(t, trail)
	}
	if report := read(t, folder, audit.ReadOptions{}); report.Events != 30 || report.Unopened != 30 {
		t.Errorf("%+v, want 30 events that cannot be opened", report)
	}
	wantRequests(t, requests(t, folder, one), 30)
	wantRequests(t, requests(t, folder, other), 30)
	if report := read(t, folder, audit.ReadOptions{Identities: []age.Identity{identity(t)}}); report.Unopened != 30 {
		t.Errorf("a stranger could open %d of 30", 30-report.Unopened)
	}
	for _, name := range segmentsIn(t, folder) {
		if content := readFile(t, name); bytes.Contains(content, []byte("alice")) || bytes.Contains(content, []byte("refused")) {
			t.Errorf("%s has an event in the clear", name)
		}
	}
}

func TestAKeyIsRotatedWithinATrail(t *testing.T) {
	folder := t.TempDir()
	file := audit.KeyFileOf(folder)
	trail := open(t, audit.Options{Folder: folder})
	first, err := audit.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	pseudonym := trail.Pseudonym("alice")
	add(t, trail, 1)
	closeTrail(t, trail)
	var last *audit.Key
	for range 2 { // between two segments
		if last, err = audit.RotateKey(file); err != nil {
			t.Fatal(err)
		}
	}
	trail = open(t, audit.Options{Folder: folder})
	add(t, trail, 1)
	if trail.Pseudonym("alice") != pseudonym {
		t.Error("the principal has another pseudonym")
	}
	closeTrail(t, trail)
	for _, key := range []*audit.Key{first, last} {
		read(t, folder, audit.ReadOptions{Key: key.Public()})
	}
}

func TestATrailDoesNotGoOnWithAnotherKey(t *testing.T) {
	for what, change := range map[string]func(t *testing.T, file string){
		"another key": func(t *testing.T, file string) {
			remove(t, file)
			if _, err := audit.EnsureKey(file); err != nil {
				t.Fatal(err)
			}
		},
		"no key":        remove,
		"half of a key": func(t *testing.T, file string) { write(t, file, readFile(t, file)[:40]) },
	} {
		t.Run(what, func(t *testing.T) {
			folder := t.TempDir()
			closeTrail(t, open(t, audit.Options{Folder: folder}))
			change(t, audit.KeyFileOf(folder))
			if trail, err := audit.Open(audit.Options{Folder: folder}); err == nil {
				closeTrail(t, trail)
				t.Error("the trail went on")
			} else if !strings.Contains(err.Error(), "put ") {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

func TestTheOptionsOfAnOpenTrailAreChanged(t *testing.T) {
	folder := t.TempDir()
	someone := identity(t)
	trail := open(t, audit.Options{Folder: folder})
	if err := trail.Append(t.Context(), refused(0)); err != nil {
		t.Fatal(err)
	}
	if err := trail.Change(audit.Options{Recipients: []age.Recipient{someone.Recipient()}, Sync: audit.SyncEach}); err != nil {
		t.Fatal(err)
	}
	if err := trail.Append(t.Context(), refused(1)); err != nil {
		t.Fatal(err)
	}
	if err := trail.Change(audit.Options{Sync: "never"}); err == nil {
		t.Error("changed to a policy that does not exist")
	}
	closeTrail(t, trail)
	wantRequests(t, requests(t, folder, someone), 2)
	if report := read(t, folder, audit.ReadOptions{}); report.Segments != 2 || report.Unopened != 1 {
		t.Errorf("%d segments, %d sealed events; want 2 and 1", report.Segments, report.Unopened)
	}
}

func TestOptionsThatNoTrailCanHave(t *testing.T) {
	for what, options := range map[string]audit.Options{
		"no folder":     {},
		"unknown sync":  {Folder: t.TempDir(), Sync: "never"},
		"small segment": {Folder: t.TempDir(), MaxSize: 100},
		"small quota":   {Folder: t.TempDir(), Quota: 100},
	} {
		if trail, err := audit.Open(options); err == nil {
			closeTrail(t, trail)
			t.Errorf("%s: opened", what)
		}
	}
}

func segmentsIn(t testing.TB, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.audit"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	return names
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}
