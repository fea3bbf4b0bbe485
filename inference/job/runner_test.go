package job

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// atWork is a runner at work.
type atWork struct {
	runner *Runner
	stop   context.CancelFunc
	ended  chan struct{}
	log    bytes.Buffer // to be read when it has ended
}

func start(t *testing.T, q Queue, workers int, do func(context.Context, Item) Outcome) *atWork {
	t.Helper()
	a := prepare(q, workers, do)
	a.start(t)
	return a
}

// prepare returns a runner that does not run yet.
func prepare(q Queue, workers int, do func(context.Context, Item) Outcome) *atWork {
	a := &atWork{ended: make(chan struct{})}
	a.runner = &Runner{Queue: q, Workers: workers, Do: do, Renew: 5 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&a.log, nil))}
	return a
}

func (a *atWork) start(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	a.stop = stop
	go func() {
		defer close(a.ended)
		a.runner.Run(ctx)
	}()
	t.Cleanup(a.end)
}

func (a *atWork) end() {
	a.stop()
	<-a.ended
}

// settled waits until a job is final.
func settled(t fataler, q Queue, principal, id string) Job {
	t.Helper()
	for {
		changed := q.Changed(id)
		if job := standing(t, q, principal, id); job.Final() {
			return job
		}
		<-changed
	}
}

func TestTheRunnerWorksOnWhatComes(t *testing.T) {
	q, _ := newQueue(t, nil)
	start(t, q, 3, func(_ context.Context, item Item) Outcome { return Outcome{Body: item.Payload} })
	for _, principal := range []string{"ada", "bob"} {
		if job := settled(t, q, principal, submit(t, q, submission(principal, 20)).ID); job.Done != 20 {
			t.Errorf("%+v", job)
		}
	}
}

func TestAPanicIsAFailedAttempt(t *testing.T) {
	q, _ := newQueue(t, func(c *Config) { c.MaxAttempts = 1 })
	a := start(t, q, 1, func(_ context.Context, item Item) Outcome {
		if item.Position == 0 {
			panic("broken")
		}
		return Outcome{Body: []byte("done")}
	})
	if job := settled(t, q, "ada", submit(t, q, submission("ada", 2)).ID); job.Done != 1 || job.Failed != 1 {
		t.Errorf("%+v", job)
	}
	a.end()
	if !strings.Contains(a.log.String(), "broken") {
		t.Errorf("log %s", a.log.String())
	}
}

func TestACancelledJobInterruptsItsItems(t *testing.T) {
	q, _ := newQueue(t, nil)
	begun, interrupted := make(chan struct{}), make(chan struct{})
	a := prepare(q, 1, func(ctx context.Context, _ Item) Outcome {
		close(begun)
		<-ctx.Done()
		close(interrupted)
		return Outcome{Failed: true, Retry: true}
	})
	a.runner.Renew = time.Hour // a renewal would tell of it too
	a.start(t)
	job := submit(t, q, submission("ada", 1))
	<-begun
	if _, err := q.Cancel(t.Context(), "ada", job.ID); err != nil {
		t.Fatal(err)
	}
	<-interrupted
	if job := standing(t, q, "ada", job.ID); job.Dropped != 1 {
		t.Errorf("%+v", job)
	}
}

// Another process may have had the item in between and given it back.
func TestALaterAttemptTakesThePlaceOfAnEarlierOne(t *testing.T) {
	w := &work{held: map[int64]*holding{}}
	earlier := w.hold(t.Context(), Item{number: 1, Attempt: 1})
	later := w.hold(t.Context(), Item{number: 1, Attempt: 2})
	if earlier.ctx.Err() == nil || later.ctx.Err() != nil {
		t.Errorf("the earlier one has %v, the later one %v", earlier.ctx.Err(), later.ctx.Err())
	}
	w.letGo(earlier)
	if items := w.inHand(); len(items) != 1 || items[0].Attempt != 2 {
		t.Errorf("in hand, and so renewed, are %+v", items)
	}
	w.letGo(later)
}

func TestAStopGivesItemsBackAsIfTheyHadNotBeenTaken(t *testing.T) {
	q, _ := newQueue(t, nil)
	begun := make(chan struct{})
	a := start(t, q, 1, func(ctx context.Context, _ Item) Outcome {
		close(begun)
		<-ctx.Done()
		return Outcome{Failed: true, Retry: true}
	})
	submit(t, q, submission("ada", 1))
	<-begun
	a.end()
	if items := take(t, q, 1); len(items) != 1 || items[0].Attempt != 1 {
		t.Errorf("took %+v", items)
	}
}

// A result that cannot be written waits for room.
func TestAResultOutlivesAFullDisk(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "records.db"), MaxSize: 400_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	q := NewSQLite(s, Config{})
	random := make([]byte, 200_000)
	_, _ = rand.Read(random) // never fails
	ballast := submit(t, q, Submission{Principal: "bob", Digest: []byte{1}, Payloads: [][]byte{[]byte("x")}})
	finish(t, q, take(t, q, 1)[0], Outcome{Body: random})
	job := submit(t, q, submission("ada", 1))
	full := make(chan struct{}, 1000)
	start(t, reporting{q, full}, 1, func(context.Context, Item) Outcome { return Outcome{Body: random} })
	<-full
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM results WHERE job = (SELECT number FROM jobs WHERE id = ?)", ballast.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if job := settled(t, q, "ada", job.ID); job.Done != 1 {
		t.Errorf("%+v", job)
	}
}

// reporting says when finishing failed.
type reporting struct {
	*SQLite
	failed chan struct{}
}

func (r reporting) Finish(ctx context.Context, item Item, outcome Outcome) error {
	err := r.SQLite.Finish(ctx, item, outcome)
	if err != nil {
		r.failed <- struct{}{}
	}
	return err
}
