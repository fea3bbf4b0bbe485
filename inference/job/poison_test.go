package job

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// poisonedVariable makes the test binary a process that works on the jobs in
// the store that the variable names, one of which kills it.
const poisonedVariable = "JOB_TEST_POISONED"

// soon has leases that end soon, so that a test does not wait long.
var soon = Config{Lease: 300 * time.Millisecond, GaveUp: []byte("gave up")}

// workUntilPoisoned works until an item kills the process, or until nothing is
// open any more. It says which items it begins and ends.
func workUntilPoisoned(path string) {
	s, err := store.Open(context.Background(), store.Config{Path: path})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	ctx, stop := context.WithCancel(context.Background())
	q := &emptied{SQLite: NewSQLite(s, soon), stop: stop}
	company := make(chan struct{}, 3)
	r := &Runner{Queue: q, Workers: 4, Renew: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Do: func(ctx context.Context, item Item) Outcome {
			name := string(item.Payload)
			fmt.Println("begun", name)
			defer fmt.Println("ended", name)
			switch {
			case name == "poison" && item.Attempt == 1:
				for range cap(company) { // it comes among others
					<-company
				}
				fallthrough
			case name == "poison":
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				<-ctx.Done()
			case os.Getenv("JOB_TEST_ROUND") == "1":
				company <- struct{}{}
				<-ctx.Done()
			}
			return Outcome{Body: item.Payload}
		}}
	r.Run(ctx)
	os.Exit(0)
}

// emptied is a queue that stops its runner when nothing is open.
type emptied struct {
	*SQLite
	stop context.CancelFunc
}

func (q *emptied) Take(ctx context.Context, n int) ([]Item, error) {
	items, err := q.SQLite.Take(ctx, n)
	if waiting, running, depthErr := q.Depth(ctx); waiting+running == 0 && err == nil && depthErr == nil {
		q.stop()
	}
	return items, err
}

// An item that kills its process is given up, and takes nobody else's with it:
// those that ran beside it come again one at a time.
func TestAPoisonedItemFailsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	s, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := NewSQLite(s, soon)
	poison := submit(t, q, Submission{Principal: "eve", Digest: []byte{1}, Payloads: [][]byte{[]byte("poison")}})
	innocent := submit(t, q, submission("ada", 12))
	kills, again := 0, map[string]int{} // again: in work when a process ended
	for round := 1; ; round++ {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), poisonedVariable+"="+path, fmt.Sprintf("JOB_TEST_ROUND=%d", round))
		said, err := child.Output()
		left := inWork(t, said)
		if err == nil {
			break
		}
		kills++
		for _, name := range left {
			again[name]++
		}
		if kills > 10 {
			t.Fatal("it goes on killing")
		}
	}
	if kills != 3 || again["poison"] != 3 || len(again) != 4 {
		t.Errorf("%d processes were killed while they had %v", kills, again)
	}
	for name, times := range again {
		if name != "poison" && times != 1 {
			t.Errorf("%q was in work %d times when a process was killed: it did not run alone", name, times)
		}
	}
	if job := standing(t, q, "ada", innocent.ID); job.Done != 12 {
		t.Errorf("the others: %+v", job)
	}
	if got := results(t, q, "eve", poison.ID); len(got) != 1 || !got[0].Failed || string(got[0].Body) != "gave up" {
		t.Errorf("the poisoned one: %+v", got)
	}
}

// inWork returns the items that a process had begun and not ended.
func inWork(t *testing.T, said []byte) []string {
	t.Helper()
	open := map[string]bool{}
	for line := range strings.Lines(string(bytes.TrimSpace(said))) {
		word, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "begun":
			open[name] = true
		case "ended":
			delete(open, name)
		default:
			t.Fatalf("the process says %q", line)
		}
	}
	var names []string
	for name := range open {
		names = append(names, name)
	}
	return names
}
