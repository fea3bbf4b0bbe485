package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	quiet   = time.Second
	seldom  = time.Hour
	another = "another" // the name of a file that does not concern anybody
)

// clocked is a watcher in a bubble of synctest: the test is its system.
type clocked struct {
	events chan fsnotify.Event
	lost   chan error
	calls  []time.Duration // when Changed was called, since the start
}

func start(t *testing.T, poll time.Duration) *clocked {
	t.Helper()
	c := &clocked{events: make(chan fsnotify.Event), lost: make(chan error)}
	begin := time.Now()
	w := &Watcher{opts: Options{
		Concerns: func(event fsnotify.Event) bool { return event.Name != another },
		Settle:   quiet,
		Poll:     poll,
		Changed:  func(context.Context) { c.calls = append(c.calls, time.Since(begin)) },
	}}
	ctx, stop := context.WithCancel(t.Context())
	go w.run(ctx, c.events, c.lost)
	t.Cleanup(func() {
		stop()
		synctest.Wait()
	})
	return c
}

// forget waits until the first call, which comes without an event, is over.
func (c *clocked) forget() {
	time.Sleep(quiet)
	synctest.Wait()
	c.calls = nil
}

// expect compares the calls with those that were due, as multiples of quiet.
func (c *clocked) expect(t *testing.T, want ...float64) {
	t.Helper()
	synctest.Wait()
	var got []float64
	for _, call := range c.calls {
		got = append(got, call.Seconds()/quiet.Seconds())
	}
	if len(got) != len(want) {
		t.Fatalf("called at %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("called at %v, want %v", got, want)
		}
	}
}

func TestTheFirstCallNeedsNoEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, seldom)
		time.Sleep(10 * quiet)
		c.expect(t, 1)
	})
}

func TestSeveralEventsAreOneCallOnceTheyHaveSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, seldom)
		c.forget()
		for range 3 { // at 1, 1.5 and 2
			c.events <- fsnotify.Event{Name: "file"}
			time.Sleep(quiet / 2)
		}
		time.Sleep(10 * quiet)
		c.expect(t, 3)
	})
}

func TestFilesThatChangeAllTheTimeAreBoundedlyWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, seldom)
		c.forget()
		for range 12 { // at 1, 1.75, … 9.25
			c.events <- fsnotify.Event{Name: "file"}
			time.Sleep(3 * quiet / 4)
		}
		// The last wait begins at 4.75, the next with the event at 6.25.
		c.expect(t, 5.75)
		time.Sleep(10 * quiet)
		c.expect(t, 5.75, 10.25)
	})
}

func TestAnEventThatConcernsNobodyIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, seldom)
		c.forget()
		c.events <- fsnotify.Event{Name: another}
		time.Sleep(10 * quiet)
		c.expect(t)
	})
}

func TestLostEventsCountAsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, seldom)
		c.forget()
		c.lost <- fsnotify.ErrEventOverflow
		time.Sleep(10 * quiet)
		c.expect(t, 2)
	})
}

func TestPollingNeedsNoEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, 4*quiet)
		time.Sleep(9 * quiet)
		c.expect(t, 1, 4, 8)
	})
}

func TestTheSystemAnnouncesWhatHappensAtThePaths(t *testing.T) {
	parent := t.TempDir()
	// It is made only after the watch began, so the paths must be asked for again.
	late := filepath.Join(parent, "late")
	announced := make(chan string, 16)
	changed := make(chan struct{}, 16)
	w := Start(Options{
		Paths: func() []string { return []string{parent, late} },
		Concerns: func(event fsnotify.Event) bool {
			announced <- event.Name
			return true
		},
		Settle:  time.Millisecond,
		Poll:    time.Hour,
		Changed: func(context.Context) { changed <- struct{}{} },
	})
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	<-changed // without an event
	if err := os.Mkdir(late, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := <-announced; got != late {
		t.Errorf("announced %s, want %s", got, late)
	}
	<-changed
	file := filepath.Join(late, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-announced; got != file {
		t.Errorf("announced %s, want %s", got, file)
	}
}

func TestCloseEndsTheCallUnderWay(t *testing.T) {
	calling := make(chan struct{})
	var ended error
	w := Start(Options{
		Paths:    func() []string { return nil },
		Concerns: func(fsnotify.Event) bool { return false },
		Settle:   time.Millisecond,
		Poll:     time.Hour,
		Changed: func(ctx context.Context) {
			close(calling)
			<-ctx.Done()
			ended = ctx.Err()
		},
	})
	<-calling
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if ended == nil {
		t.Error("Close did not wait for the call")
	}
}
