package drill

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/odordiff/odordiff/internal/audit"
)

var target = flag.String("target", "folder", "where to back up to: folder, s3 for a server in this process, or a bucket's s3://…")

var rounds = flag.Int("rounds", 3, "how often the service is killed; every third time its disk is gone, too")

// window is how much may be lost with a disk: what was acknowledged so shortly
// before.
const window = time.Second

// TestNothingAcknowledgedIsLost kills everything at random moments, and looks
// for what clients had been told. Where the disk is kept, all of it is there.
// Where the disk is gone, what was acknowledged in the last second may be
// missing.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	w, l := newWorld(t, build(t)), newLedger()
	w.start(t)
	var worst time.Duration // of what was lost with a disk
	var slowest time.Duration
	for round := 1; round <= *rounds; round++ {
		killed := w.loadAndKill(t, l, time.Duration(200+rand.IntN(1300))*time.Millisecond)
		diskGone := round%3 == 0
		if diskGone {
			slowest = max(slowest, w.replaceDisk(t, round))
		}
		lost := l.compare(t, w.kept(t), killed, diskGone)
		worst = max(worst, lost)
		w.start(t)
	}
	total := 0
	for _, k := range kinds {
		t.Logf("%s acknowledged: %d", k, len(l.entries[k]))
		total += len(l.entries[k])
		if len(l.entries[k]) == 0 {
			t.Errorf("no %s were acknowledged", k)
		}
	}
	t.Logf("%d kills: of %d acknowledgements none was lost by a kill; with a disk, those of the last %v at most; "+
		"a new machine was restored in %v at most", *rounds, total, worst.Round(time.Millisecond), slowest.Round(time.Millisecond))
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "odordiff")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/odordiff")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the binary: %v\n%s", err, out)
	}
	return binary
}

// loadAndKill has clients at work for a while, and returns when everything was
// killed.
func (w *world) loadAndKill(t *testing.T, l *ledger, during time.Duration) time.Time {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.load(ctx, l)
	}()
	<-time.After(during)
	killed := time.Now()
	w.kill()
	stop()
	<-done
	return killed
}

// replaceDisk takes the state away and restores it on a new machine. It returns
// how long that took.
func (w *world) replaceDisk(t *testing.T, round int) time.Duration {
	t.Helper()
	if err := os.RemoveAll(w.state); err != nil {
		t.Fatal(err)
	}
	w.state = filepath.Join(filepath.Dir(w.identity), fmt.Sprint("state-", round))
	begun := time.Now()
	w.run(t, "backup", "restore", "--target", w.target, "--identity", w.identity, "--to", w.state)
	return time.Since(begun)
}

// kept returns what the state has.
func (w *world) kept(t *testing.T) map[kind]map[string]bool {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.state, "records.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	kept := map[kind]map[string]bool{
		jobs:      rows(t, db, "SELECT id FROM jobs"),
		results:   rows(t, db, "SELECT jobs.id || '/' || sequence FROM results JOIN jobs ON jobs.number = results.job"),
		feedbacks: rows(t, db, "SELECT principal FROM feedback"),
		records:   {},
	}
	report, err := audit.Read(filepath.Join(w.state, "audit"), audit.ReadOptions{Visit: func(r audit.Record) error {
		var event struct{ Request string }
		if err := json.Unmarshal(r.Event, &event); err != nil {
			return err
		}
		kept[records][event.Request] = true
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range report.Faults {
		t.Errorf("the trail: %s", fault)
	}
	return kept
}

func rows(t *testing.T, db *sql.DB, query string) map[string]bool {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	all := make(map[string]bool)
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			t.Fatal(err)
		}
		if all[id] {
			t.Errorf("%s: %s is there twice", query, id)
		}
		all[id] = true
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// compare looks for what was acknowledged. It returns how long before the kill
// the earliest of what is missing was acknowledged, and forgets what may be
// missing.
func (l *ledger) compare(t *testing.T, kept map[kind]map[string]bool, killed time.Time, diskGone bool) (earliest time.Duration) {
	t.Helper()
	for _, k := range kinds {
		var missing []string
		for id, at := range l.entries[k] {
			if kept[k][id] {
				continue
			}
			age := killed.Sub(at)
			if diskGone && age < window {
				earliest = max(earliest, age)
				delete(l.entries[k], id)
				continue
			}
			missing = append(missing, fmt.Sprintf("%s (%v before the kill)", id, age.Round(time.Millisecond)))
		}
		if len(missing) > 0 {
			slices.Sort(missing)
			t.Errorf("disk gone: %v: of %d %s %d are lost: %q", diskGone, len(l.entries[k]), k, len(missing), missing[:min(5, len(missing))])
		}
	}
	return earliest
}
