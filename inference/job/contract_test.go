package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(workerVariable); path != "" {
		workUntilKilled(path)
	}
	if path := os.Getenv(poisonedVariable); path != "" {
		workUntilPoisoned(path)
	}
	goleak.VerifyTestMain(m)
}

// clock is a clock that stands still until a test moves it.
type clock struct{ milliseconds atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.milliseconds.Store(1_800_000_000_000)
	return c
}

func (c *clock) now() time.Time { return time.UnixMilli(c.milliseconds.Load()) }

func (c *clock) advance(d time.Duration) { c.milliseconds.Add(d.Milliseconds()) }

type fataler interface {
	Helper()
	Cleanup(do func())
	Error(arguments ...any)
	Fatal(arguments ...any)
	Fatalf(format string, arguments ...any)
}

// kept is a queue that others, of other processes, share.
type kept struct {
	Queue
	another func() Queue
}

// opener makes a new queue with a clock of its own.
type opener func(t fataler, change func(*Config)) (*kept, *clock)

// queues are all that there are: each honours the whole contract.
var queues = map[string]func(t testing.TB) opener{
	"sqlite": func(testing.TB) opener { return openSQLite },
	"redis":  openRedis,
}

func eachQueue(t *testing.T, test func(t *testing.T, newQueue opener)) {
	for name, open := range queues {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// configured returns the clock and the settings of a queue.
func configured(change func(*Config)) (*clock, Config) {
	c := newClock()
	config := Config{Now: c.now, GaveUp: []byte("gave up")}
	if change != nil {
		change(&config)
	}
	return c, config
}

func submission(principal string, items int) Submission {
	s := Submission{Principal: principal, Digest: []byte{byte(items)}, Shared: []byte("shared")}
	for i := range items {
		s.Payloads = append(s.Payloads, []byte(fmt.Sprintf("%s %d", principal, i)))
	}
	return s
}

func submit(t fataler, q Queue, s Submission) Job {
	t.Helper()
	job, err := q.Submit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func take(t fataler, q Queue, n int) []Item {
	t.Helper()
	items, err := q.Take(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func finish(t fataler, q Queue, item Item, outcome Outcome) {
	t.Helper()
	if err := q.Finish(context.Background(), item, outcome); err != nil {
		t.Fatal(err)
	}
}

func standing(t fataler, q Queue, principal, id string) Job {
	t.Helper()
	job, err := q.Job(context.Background(), principal, id)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func results(t fataler, q Queue, principal, id string) []Result {
	t.Helper()
	found, _, err := q.Results(context.Background(), principal, id, Page{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAJobFromBeginningToEnd(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, nil)
		job := submit(t, q, submission("ada", 3))
		if job.State != Waiting || job.Total != 3 || job.Waiting != 3 || !job.Created.Equal(clock.now()) {
			t.Errorf("submitted: %+v", job)
		}
		items := take(t, q, 5)
		if len(items) != 3 || string(items[2].Payload) != "ada 2" || string(items[2].Shared) != "shared" || items[2].Position != 2 || items[2].Attempt != 1 {
			t.Fatalf("took %+v", items)
		}
		if job = standing(t, q, "ada", job.ID); job.State != Running || job.Running != 3 {
			t.Errorf("begun: %+v", job)
		}
		finish(t, q, items[1], Outcome{Body: []byte("one")})
		finish(t, q, items[0], Outcome{Body: []byte("why"), Failed: true})
		clock.advance(time.Second)
		finish(t, q, items[2], Outcome{Body: []byte("two")})
		if job = standing(t, q, "ada", job.ID); job.State != Finished || job.Done != 2 || job.Failed != 1 || !job.Finished.Equal(clock.now()) {
			t.Errorf("finished: %+v", job)
		}
		got := results(t, q, "ada", job.ID)
		if len(got) != 3 || got[0].Position != 1 || string(got[0].Body) != "one" || !got[1].Failed || got[2].Sequence != 3 {
			t.Errorf("results %+v", got)
		}
		after, _, err := q.Results(t.Context(), "ada", job.ID, Page{After: 1, Limit: 1, Failed: true})
		if err != nil || len(after) != 1 || string(after[0].Body) != "why" {
			t.Errorf("failed behind the first: %+v, %v", after, err)
		}
	})
}

func TestNobodySeesOrEndsTheJobsOfOthers(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		job := submit(t, q, submission("ada", 1))
		_, err := q.Job(t.Context(), "eve", job.ID)
		_, _, errResults := q.Results(t.Context(), "eve", job.ID, Page{Limit: 1})
		_, errCancel := q.Cancel(t.Context(), "eve", job.ID)
		_, errBefore := q.List(t.Context(), "eve", job.ID, 10)
		for _, err := range []error{err, errResults, errCancel, errBefore} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("error %v", err)
			}
		}
		if jobs, err := q.List(t.Context(), "eve", "", 10); err != nil || len(jobs) > 0 {
			t.Errorf("%v, %v", jobs, err)
		}
	})
}

func TestTheListIsNewestFirstAndGoesOn(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		var ids []string
		for i := range 5 {
			ids = append([]string{submit(t, q, submission("ada", i+1)).ID}, ids...)
		}
		var got []string
		for before := ""; len(got) < 5; before = got[len(got)-1] {
			jobs, err := q.List(t.Context(), "ada", before, 2)
			if err != nil || len(jobs) == 0 {
				t.Fatal(jobs, err)
			}
			for _, job := range jobs {
				got = append(got, job.ID)
			}
		}
		if !slices.Equal(got, ids) {
			t.Errorf("got %v, want %v", got, ids)
		}
	})
}

func TestAKeyMakesHandingInTwiceHarmless(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		s := submission("ada", 2)
		s.Key = "k"
		first := submit(t, q, s)
		if again := submit(t, q, s); again.ID != first.ID {
			t.Error("the same again became another job")
		}
		other := submission("ada", 3)
		other.Key = "k"
		if _, err := q.Submit(t.Context(), other); !errors.Is(err, ErrReused) {
			t.Errorf("another job with the same key: %v", err)
		}
		s.Principal = "bob"
		if job := submit(t, q, s); job.ID == first.ID {
			t.Error("somebody else's key leads to the job")
		}
		if items := take(t, q, 10); len(items) != 4 {
			t.Errorf("%d items, want those of two jobs", len(items))
		}
	})
}

func TestWhatIsOpenIsBounded(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, func(c *Config) { c.MaxShare, c.MaxOpen = 3, 5 })
		submit(t, q, submission("ada", 3))
		if _, err := q.Submit(t.Context(), submission("ada", 1)); !errors.Is(err, ErrShareFull) {
			t.Errorf("beyond the share: %v", err)
		}
		submit(t, q, submission("bob", 2))
		if _, err := q.Submit(t.Context(), submission("eve", 1)); !errors.Is(err, ErrFull) {
			t.Errorf("beyond all: %v", err)
		}
		finish(t, q, take(t, q, 1)[0], Outcome{Body: []byte("done")})
		submit(t, q, submission("ada", 1))
	})
}

func TestTheJobsThatAreKeptAreBounded(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.MaxJobs, c.Keep = 2, time.Hour })
		keyed := submission("ada", 1)
		keyed.Key = "k"
		submit(t, q, keyed)
		finish(t, q, take(t, q, 1)[0], Outcome{Body: []byte("done")})
		clock.advance(time.Minute)
		submit(t, q, submission("ada", 1))
		if _, err := q.Submit(t.Context(), submission("ada", 1)); !errors.Is(err, ErrTooManyJobs) {
			t.Errorf("a job more: %v", err)
		}
		submit(t, q, keyed) // it is there already
		submit(t, q, submission("bob", 1))
		clock.advance(time.Hour - time.Minute + time.Millisecond) // the first expires
		if err := q.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		submit(t, q, submission("ada", 1))
	})
}

func TestAFailedAttemptComesAgainLaterAndLater(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.MaxAttempts, c.Backoff = 3, time.Second })
		job := submit(t, q, submission("ada", 1))
		again := Outcome{Body: []byte("why"), Failed: true, Retry: true}
		for attempt, wait := range []time.Duration{0, time.Second, 2 * time.Second} {
			if wait > 0 {
				clock.advance(wait - time.Millisecond)
				if items := take(t, q, 1); len(items) > 0 {
					t.Fatalf("attempt %d came too early", attempt+1)
				}
				clock.advance(time.Millisecond)
			}
			items := take(t, q, 1)
			if len(items) != 1 || items[0].Attempt != attempt+1 {
				t.Fatalf("attempt %d: %+v", attempt+1, items)
			}
			finish(t, q, items[0], again)
		}
		if job = standing(t, q, "ada", job.ID); job.State != Finished || job.Failed != 1 {
			t.Errorf("after the last attempt: %+v", job)
		}
		if got := results(t, q, "ada", job.ID); len(got) != 1 || string(got[0].Body) != "why" || got[0].Attempts != 3 {
			t.Errorf("results %+v", got)
		}
	})
}

func TestALeaseThatRunsOutGoesToAnother(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, nil)
		job := submit(t, q, submission("ada", 1))
		first := take(t, q, 1)[0]
		clock.advance(10 * time.Second)
		if lost, err := q.Renew(t.Context(), []Item{first}); err != nil || len(lost) > 0 {
			t.Fatal(lost, err)
		}
		clock.advance(10 * time.Second)
		other := q.another()
		if items := take(t, other, 1); len(items) > 0 {
			t.Fatal("a renewed lease was taken away")
		}
		clock.advance(10 * time.Second)
		second := take(t, other, 1)[0]
		if lost, err := q.Renew(t.Context(), []Item{first}); err != nil || len(lost) != 1 {
			t.Errorf("lost %+v, %v", lost, err)
		}
		if lost, err := other.Renew(t.Context(), []Item{second}); err != nil || len(lost) > 0 {
			t.Errorf("lost %+v, %v", lost, err)
		}
		for _, err := range []error{q.Finish(t.Context(), first, Outcome{}), q.Release(t.Context(), first)} {
			if !errors.Is(err, ErrLost) {
				t.Errorf("the first holder changed something: %v", err)
			}
		}
		finish(t, other, second, Outcome{Body: []byte("done")})
		if err := other.Finish(t.Context(), second, Outcome{Body: []byte("again")}); !errors.Is(err, ErrLost) {
			t.Errorf("finished twice: %v", err)
		}
		if got := results(t, q, "ada", job.ID); len(got) != 1 || string(got[0].Body) != "done" {
			t.Errorf("results %+v", got)
		}
	})
}

// The clock may jump, or the process may stand still for a while.
func TestWhatIsInHandIsNotTakenAgainByTheSameProcess(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, nil)
		submit(t, q, submission("ada", 1))
		item := take(t, q, 1)[0]
		clock.advance(time.Hour)
		if again := take(t, q, 1); len(again) > 0 {
			t.Errorf("took %+v again", again)
		}
		if lost, err := q.Renew(t.Context(), []Item{item}); err != nil || len(lost) > 0 {
			t.Errorf("lost %+v, %v", lost, err)
		}
		finish(t, q, item, Outcome{Body: []byte("done")})
	})
}

func TestAnItemThatEndsEveryProcessIsGivenUp(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.MaxAttempts, c.MaxAbandoned = 1, 2 })
		job := submit(t, q, submission("ada", 1))
		for range 2 {
			take(t, q.another(), 1)
			clock.advance(time.Minute)
		}
		if items := take(t, q, 1); len(items) > 0 {
			t.Error("it came a third time")
		}
		if got := results(t, q, "ada", job.ID); len(got) != 1 || !got[0].Failed || string(got[0].Body) != "gave up" {
			t.Errorf("results %+v", got)
		}
	})
}

func TestTheEndOfAProcessIsNoAttempt(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.MaxAttempts, c.Backoff = 2, time.Second })
		submit(t, q, submission("ada", 1))
		take(t, q.another(), 1)
		clock.advance(time.Minute)
		again := Outcome{Failed: true, Retry: true}
		finish(t, q, take(t, q, 1)[0], again)
		clock.advance(time.Second)
		items := take(t, q, 1)
		if len(items) != 1 {
			t.Fatal("its second attempt did not come after the first one's wait")
		}
		finish(t, q, items[0], again)
		if _, running, err := q.Depth(t.Context()); running > 0 || err != nil {
			t.Errorf("%d run, %v", running, err)
		}
	})
}

func TestAnItemWithWhichAProcessEndedRunsAlone(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, nil)
		suspect := submit(t, q, submission("ada", 2))
		take(t, q.another(), 2)
		submit(t, q, submission("bob", 3))
		others := take(t, q, 1)
		clock.advance(time.Minute)
		if items := take(t, q, 5); len(items) > 0 {
			t.Fatalf("%+v came while others are in hand", items)
		}
		finish(t, q, others[0], Outcome{})
		for position := range 2 {
			items := take(t, q, 5)
			if len(items) != 1 || items[0].Job != suspect.ID || items[0].Position != position {
				t.Fatalf("took %+v", items)
			}
			if items := take(t, q, 5); len(items) > 0 {
				t.Fatalf("%+v came beside it", items)
			}
			finish(t, q, items[0], Outcome{})
		}
		if items := take(t, q, 5); len(items) != 2 {
			t.Errorf("then %d items came, want the others", len(items))
		}
	})
}

func TestWhatIsHeldBackIsNotWaitedForLonger(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, nil)
		submit(t, q, submission("ada", 1))
		take(t, q.another(), 1)
		clock.advance(time.Minute)
		submit(t, q, submission("bob", 1))
		items := take(t, q, 2)
		for len(q.Wake()) > 0 {
			<-q.Wake()
		}
		finish(t, q, items[0], Outcome{})
		<-q.Wake()
	})
}

// A principal of whose items all wait for another attempt is passed over.
func TestWhatWaitsForAnotherAttemptKeepsNobodyWaiting(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.Backoff = time.Minute })
		submit(t, q, submission("ada", 3))
		for _, item := range take(t, q, 3) {
			finish(t, q, item, Outcome{Failed: true, Retry: true})
		}
		submit(t, q, submission("bob", 2))
		if items := take(t, q, 5); len(items) != 2 {
			t.Errorf("took %+v, want those of bob", items)
		}
		clock.advance(time.Minute)
		if items := take(t, q, 5); len(items) != 3 {
			t.Errorf("took %+v, want those of ada", items)
		}
	})
}

func TestAReleasedItemComesAgainAtOnce(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		submit(t, q, submission("ada", 1))
		<-q.Wake()
		if err := q.Release(t.Context(), take(t, q, 1)[0]); err != nil {
			t.Fatal(err)
		}
		<-q.Wake()
		if items := take(t, q, 1); len(items) != 1 || items[0].Attempt != 1 {
			t.Errorf("took %+v", items)
		}
	})
}

func TestCancellingKeepsWhatIsDone(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		job := submit(t, q, submission("ada", 3))
		items := take(t, q, 2)
		finish(t, q, items[0], Outcome{Body: []byte("done")})
		for range 2 { // the second time changes nothing
			cancelled, err := q.Cancel(t.Context(), "ada", job.ID)
			if err != nil || cancelled.State != Cancelled || cancelled.Done != 1 || cancelled.Dropped != 2 {
				t.Errorf("%+v, %v", cancelled, err)
			}
		}
		if err := q.Finish(t.Context(), items[1], Outcome{}); !errors.Is(err, ErrLost) {
			t.Errorf("finished after the end: %v", err)
		}
		if items := take(t, q, 1); len(items) > 0 || len(results(t, q, "ada", job.ID)) != 1 {
			t.Errorf("took %v", items)
		}
	})
}

func TestWhatExpiresIsCancelledAndLaterForgotten(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.Keep = time.Hour })
		job := submit(t, q, submission("ada", 2))
		finish(t, q, take(t, q, 1)[0], Outcome{Body: []byte("done")})
		sweep := func() {
			t.Helper()
			clock.advance(time.Hour + time.Second)
			if err := q.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sweep()
		if job = standing(t, q, "ada", job.ID); job.State != Cancelled || job.Done != 1 {
			t.Errorf("after its time: %+v", job)
		}
		sweep()
		if _, err := q.Job(t.Context(), "ada", job.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
		if waiting, running, err := q.Depth(t.Context()); waiting+running > 0 || err != nil {
			t.Errorf("%d wait, %d run, %v", waiting, running, err)
		}
	})
}

func TestASweepForgetsAllThatHasExpired(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, clock := newQueue(t, func(c *Config) { c.Keep = time.Hour })
		for range tidied + 5 {
			submit(t, q, submission("ada", 1))
		}
		for range 2 { // the first sweep cancels them
			clock.advance(time.Hour + time.Second)
			if err := q.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := q.List(t.Context(), "ada", "", 1000); err != nil || len(left) > 0 {
			t.Errorf("%d are left, %v", len(left), err)
		}
	})
}

func TestAPageEndsWhereItIsLarge(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		job := submit(t, q, submission("ada", 3))
		for _, item := range take(t, q, 3) {
			finish(t, q, item, Outcome{Body: make([]byte, largestPage*2/3)})
		}
		page := Page{Limit: 100}
		for _, want := range []int{2, 1} {
			found, _, err := q.Results(t.Context(), "ada", job.ID, page)
			if err != nil || len(found) != want || page.Full(found) != (want == 2) {
				t.Fatalf("%d results behind %d, want %d: %v", len(found), page.After, want, err)
			}
			page.After = found[len(found)-1].Sequence
		}
	})
}

func TestMoreUrgentJobsOfAPrincipalComeFirst(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		for _, priority := range []int{0, -1, 1, 0} {
			s := submission("ada", 1)
			s.Priority, s.Payloads = priority, [][]byte{[]byte(strconv.Itoa(priority))}
			submit(t, q, s)
		}
		var got []string
		for _, item := range take(t, q, 4) {
			got = append(got, string(item.Payload))
		}
		if want := []string{"1", "0", "0", "-1"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

func TestALargeJobDoesNotKeepASmallOneWaiting(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		submit(t, q, submission("ada", 1000))
		take(t, q, 2)
		submit(t, q, submission("bob", 3))
		var got []string
		for _, item := range take(t, q, 6) {
			got = append(got, string(item.Payload))
		}
		if want := []string{"bob 0", "bob 1", "ada 2", "bob 2", "ada 3", "ada 4"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

func TestChangesAreTold(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		q, _ := newQueue(t, nil)
		job := submit(t, q, submission("ada", 2))
		changed := q.Changed(job.ID)
		select {
		case <-changed:
			t.Error("nothing has changed")
		default:
		}
		finish(t, q, take(t, q, 1)[0], Outcome{})
		<-changed
		changed = q.Changed(job.ID)
		if _, err := q.Cancel(t.Context(), "ada", job.ID); err != nil {
			t.Fatal(err)
		}
		<-changed
	})
}
