package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

// open opens a store with a table of notes.
func open(t testing.TB, path string, change func(*Config)) *Store {
	t.Helper()
	config := Config{Path: path}
	if change != nil {
		change(&config)
	}
	s, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Write(t.Context(), statement("CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY, text BLOB) STRICT")); err != nil {
		t.Fatal(err)
	}
	return s
}

func fresh(t testing.TB) string { return filepath.Join(t.TempDir(), "records", "records.db") }

func statement(query string, arguments ...any) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(query, arguments...)
		return err
	}
}

func note(number int) func(*Tx) error {
	return statement("INSERT INTO notes (number, text) VALUES (?, ?)", number, []byte("text"))
}

func notes(t testing.TB, s *Store) (numbers []int) {
	t.Helper()
	err := s.Read(context.Background(), func(tx *Tx) error {
		return tx.Rows(func(rows *sql.Rows) error {
			numbers = append(numbers, 0)
			return rows.Scan(&numbers[len(numbers)-1])
		}, "SELECT number FROM notes ORDER BY number")
	})
	if err != nil {
		t.Fatal(err)
	}
	return numbers
}

func wantReason(t testing.TB, err error, want Reason) {
	t.Helper()
	fault, ok := errors.AsType[*Error](err)
	if !ok || fault.Reason != want {
		t.Fatalf("error %v, want a fault of the reason %q", err, want)
	}
}

func TestWhatIsWrittenIsThereAfterReopening(t *testing.T) {
	path := fresh(t)
	s := open(t, path, nil)
	if err := s.Write(t.Context(), note(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := notes(t, open(t, path, nil)); !slices.Equal(got, []int{1}) {
		t.Errorf("got %v", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: others may read the file: %v", err, info.Mode())
	}
}

// hold occupies the writer until release is called.
func hold(t testing.TB, s *Store) (release func()) {
	t.Helper()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- s.Write(context.Background(), func(*Tx) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() {
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// queue queues a write, and returns where its outcome will come.
func queue(ctx context.Context, t testing.TB, s *Store, do func(*Tx) error) <-chan error {
	t.Helper()
	w := newWrite(do)
	if err := s.queue(ctx, w); err != nil {
		t.Fatal(err)
	}
	outcome := make(chan error, 1)
	go func() { outcome <- s.await(ctx, w) }()
	return outcome
}

func TestWritesThatWaitTogetherShareATransaction(t *testing.T) {
	s := open(t, fresh(t), nil)
	before := s.Stats()
	release := hold(t, s)
	var outcomes [50]<-chan error
	for i := range outcomes {
		outcomes[i] = queue(t.Context(), t, s, note(i))
	}
	if waiting := s.Stats().Waiting; waiting != 50 {
		t.Errorf("%d writes wait", waiting)
	}
	release()
	for _, outcome := range outcomes {
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	}
	after := s.Stats()
	if writes, commits := after.Writes-before.Writes, after.Commits-before.Commits; writes != 51 || commits != 2 {
		t.Errorf("%d writes took %d transactions, want 51 in 2", writes, commits)
	}
	if got := notes(t, s); len(got) != 50 {
		t.Errorf("%d notes", len(got))
	}
}

func TestAWriteThatFailsUndoesNothingButItself(t *testing.T) {
	s := open(t, fresh(t), nil)
	refused := errors.New("refused")
	release := hold(t, s)
	var outcomes []<-chan error
	for _, do := range []func(*Tx) error{
		note(1),
		func(tx *Tx) error { return errors.Join(note(2)(tx), refused) },
		func(tx *Tx) error { panic(note(3)(tx)) },
	} {
		outcomes = append(outcomes, queue(t.Context(), t, s, do))
	}
	release()
	if first, second, third := <-outcomes[0], <-outcomes[1], <-outcomes[2]; first != nil || !errors.Is(second, refused) || third == nil {
		t.Errorf("outcomes %v, %v, %v", first, second, third)
	}
	if got := notes(t, s); !slices.Equal(got, []int{1}) {
		t.Errorf("got %v", got)
	}
	if err := s.Trouble(); err != nil {
		t.Errorf("a caller's error is no fault of the store: %v", err)
	}
}

func TestACallerThatLeavesBeforeItsTurnWritesNothing(t *testing.T) {
	s := open(t, fresh(t), nil)
	release := hold(t, s)
	ctx, leave := context.WithCancel(t.Context())
	left := queue(ctx, t, s, note(1))
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	release()
	if got := notes(t, s); len(got) > 0 || s.Stats().Timeouts != 1 {
		t.Errorf("wrote %v; %+v", got, s.Stats())
	}
}

func TestReadsWaitForOneOfAFewConnections(t *testing.T) {
	s := open(t, fresh(t), func(c *Config) { c.Readers = 1 })
	err := s.Read(t.Context(), func(*Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return s.Read(ctx, func(*Tx) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if got := s.Stats(); got.Waits != 1 || got.Timeouts != 1 || got.Waited <= 0 || got.Reading != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAReadSeesOneMomentAndCannotWrite(t *testing.T) {
	s := open(t, fresh(t), nil)
	count := func(tx *Tx) (n int) {
		if err := tx.Row("SELECT count(*) FROM notes").Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	err := s.Read(t.Context(), func(tx *Tx) error {
		before := count(tx)
		if err := s.Write(t.Context(), note(1)); err != nil {
			return err
		}
		if after := count(tx); before != 0 || after != 0 {
			t.Errorf("%d notes, then %d", before, after)
		}
		if err := note(2)(tx); err == nil {
			t.Error("a read wrote")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAConnectionWhoseTimeIsOverIsReplaced(t *testing.T) {
	s := open(t, fresh(t), func(c *Config) { c.Lifetime = time.Nanosecond })
	for i := range 3 {
		if err := s.Write(t.Context(), note(i)); err != nil {
			t.Fatal(err)
		}
		notes(t, s)
	}
	if got := s.Stats(); got.Connections < 6 || got.Replaced < 5 || got.Reused > 0 {
		t.Errorf("for 3 writes and 3 reads: %+v", got)
	}
}

func TestAConnectionIsUsedAgain(t *testing.T) {
	s := open(t, fresh(t), nil)
	for range 3 {
		notes(t, s)
	}
	if got := s.Stats(); got.Connections != 2 || got.Reused != 2 || got.Replaced != 0 {
		t.Errorf("for a writer and 3 reads, one after the other: %+v", got)
	}
}

func TestLifetimesDiffer(t *testing.T) {
	lifetimes := map[time.Duration]bool{}
	for range 10 {
		lifetime := jittered(time.Hour)
		lifetimes[lifetime] = true
		if lifetime < 48*time.Minute || lifetime > 72*time.Minute {
			t.Errorf("a lifetime of %v", lifetime)
		}
	}
	if len(lifetimes) < 2 {
		t.Error("all are alike")
	}
}

func TestAClosedStoreRefuses(t *testing.T) {
	s := open(t, fresh(t), nil)
	for range 2 { // closing twice does no harm
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*Tx) error { return nil }
	if err := s.Write(t.Context(), nothing); !errors.Is(err, ErrClosed) {
		t.Errorf("writing: %v", err)
	}
	if err := s.Read(t.Context(), nothing); !errors.Is(err, ErrClosed) {
		t.Errorf("reading: %v", err)
	}
}

// Close ends the writer while another caller is about to queue its write.
func TestAWriteBehindTheLastOneIsRefused(t *testing.T) {
	s := open(t, fresh(t), nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	late := newWrite(note(1))
	s.writes <- late
	if err := s.await(t.Context(), late); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestTheLogIsPutBackWhenAsked(t *testing.T) {
	s := open(t, fresh(t), func(c *Config) { c.Checkpoint = -1 })
	for i := range 100 {
		if err := s.Write(t.Context(), note(i)); err != nil {
			t.Fatal(err)
		}
	}
	if s.Stats().Log == 0 {
		t.Fatal("there is no log")
	}
	whole, err := s.Checkpoint(t.Context())
	if err != nil || !whole || s.Stats().Log != 0 {
		t.Errorf("whole %t, %v, log of %d bytes", whole, err, s.Stats().Log)
	}
	err = s.Read(t.Context(), func(tx *Tx) error {
		var n int
		if err := tx.Row("SELECT count(*) FROM notes").Scan(&n); err != nil {
			return err
		}
		if err := s.Write(t.Context(), note(1000)); err != nil {
			return err
		}
		whole, err := s.Checkpoint(t.Context())
		if whole {
			t.Error("a read that is under way lost its view")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestConfigsThatMakeNoSenseAreRefused(t *testing.T) {
	for name, config := range map[string]Config{
		"no path":          {},
		"negative readers": {Path: "x", Readers: -1},
		"negative busy":    {Path: "x", Busy: -1},
	} {
		if s, err := Open(t.Context(), config); err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		}
	}
}

func ExampleStore_Write() {
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s, err := Open(context.Background(), Config{Path: filepath.Join(dir, "records.db")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	err = s.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.Exec("INSERT INTO feedback (principal, smiles, rating, created) VALUES (?, ?, ?, ?)", "ada", "CCO", 4, 0)
		return err
	})
	fmt.Println(err)
	// Output: <nil>
}
