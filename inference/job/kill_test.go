package job

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// workerVariable makes the test binary a process that takes jobs in and works
// on them, in the store that the variable names.
const workerVariable = "JOB_TEST_WORKER"

// telling is a queue that says on the standard output what it acknowledged.
type telling struct{ *SQLite }

func (q telling) Finish(ctx context.Context, item Item, outcome Outcome) error {
	err := q.SQLite.Finish(ctx, item, outcome)
	if err == nil {
		fmt.Println("finished", item.Job, item.Position)
	}
	return err
}

// workUntilKilled hands in jobs, and works on all that there are.
func workUntilKilled(path string) {
	s, err := store.Open(context.Background(), store.Config{Path: path})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	q := telling{NewSQLite(s, Config{Lease: 300 * time.Millisecond, MaxAbandoned: 1000})}
	go func() {
		for range 20 {
			job, err := q.Submit(context.Background(), submission("ada", 10))
			if err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			fmt.Println("submitted", job.ID, 0)
		}
	}()
	r := &Runner{Queue: q, Workers: 4, Renew: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Do: func(_ context.Context, item Item) Outcome {
			fmt.Println("begun", item.Job, item.Position)
			return Outcome{Body: item.Payload}
		}}
	r.Run(context.Background())
}

// said is what the killed processes said.
type said struct {
	jobs     []string
	finished map[string]bool
	again    []string // what was begun after it was finished
}

func (s *said) hear(t *testing.T, line string) {
	t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	id, _, _ := strings.Cut(rest, " ")
	switch word {
	case "submitted":
		s.jobs = append(s.jobs, id)
	case "begun":
		if s.finished[rest] {
			s.again = append(s.again, rest)
		}
	case "finished":
		s.finished[rest] = true
	default:
		t.Errorf("the process says %q", line)
	}
}

// runAndKill starts a process, and kills it after so many lines.
func (s *said) runAndKill(t *testing.T, path string, after int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), workerVariable+"="+path)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for n := 1; lines.Scan(); n++ {
		if n == after {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
		s.hear(t, lines.Text())
	}
	_ = child.Wait() // it was killed
}

// Processes are killed while they take jobs in and work on them. At the end
// each job that was acknowledged has one result for each item, and no item was
// begun again once it was finished.
func TestKilledProcessesLoseNothingAndDoNothingTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	rounds := 8
	if testing.Short() {
		rounds = 4
	}
	heard := &said{finished: map[string]bool{}}
	for range rounds {
		heard.runAndKill(t, path, 1+rand.IntN(300))
	}
	s, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := NewSQLite(s, Config{Lease: 300 * time.Millisecond, MaxAbandoned: 1000})
	for item := range heard.finished {
		id, position, _ := strings.Cut(item, " ")
		if !hasResult(t, q, id, position) {
			t.Errorf("item %s was acknowledged and is lost", item)
		}
	}
	drain(t, q, heard.jobs)
	for _, id := range heard.jobs {
		if job := standing(t, q, "ada", id); job.State != Finished || job.Done != 10 {
			t.Errorf("job %s: %+v", id, job)
		}
		for i, r := range results(t, q, "ada", id) {
			if want := "ada " + strconv.Itoa(r.Position); string(r.Body) != want || r.Sequence != i+1 {
				t.Errorf("job %s: result %d is %q", id, i, r.Body)
			}
		}
	}
	if len(heard.again) > 0 {
		t.Errorf("begun again after they were finished: %v", heard.again)
	}
	t.Logf("%d jobs and %d finished items were acknowledged in %d rounds", len(heard.jobs), len(heard.finished), rounds)
}

func hasResult(t *testing.T, q *SQLite, id, position string) bool {
	t.Helper()
	for _, r := range results(t, q, "ada", id) {
		if strconv.Itoa(r.Position) == position {
			return true
		}
	}
	return false
}

// drain works on what is left of jobs of ada.
func drain(t *testing.T, q *SQLite, jobs []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	r := &Runner{Queue: q, Workers: 4, Renew: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Do: func(_ context.Context, item Item) Outcome { return Outcome{Body: item.Payload} }}
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	for _, id := range jobs {
		settled(t, q, "ada", id)
	}
	stop()
	<-ended
}
