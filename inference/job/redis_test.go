package job

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
)

// openRedis opens queues on one server, each with a prefix of its own.
func openRedis(t testing.TB) opener {
	client := redistest.Start(t).Client()
	return func(_ fataler, change func(*Config)) (*kept, *clock) {
		c, config := configured(change)
		prefix := rand.Text()
		open := func() Queue { return NewRedis(client, prefix, config) }
		return &kept{open(), open}, c
	}
}

// durable is a server that loses nothing when it is killed.
func durable(t *testing.T) *redistest.Server {
	t.Helper()
	return redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
}

// connect connects as odordiff does, with a timeout for each read and write.
func connect(t *testing.T, url string, timeout time.Duration) redis.UniversalClient {
	t.Helper()
	client, err := redisconn.Open(url, timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newRedisQueue(t *testing.T, client redis.UniversalClient) (*Redis, *clock) {
	t.Helper()
	c, config := configured(nil)
	return NewRedis(client, "test", config), c
}

func keys(t *testing.T, client redis.UniversalClient) []string {
	t.Helper()
	found, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func TestRedisKeepsWhatWasAskedNoLongerThanNeeded(t *testing.T) {
	client := redistest.Start(t).Client()
	q, _ := newRedisQueue(t, client)
	ended, cancelled := submit(t, q, submission("ada", 1)), submit(t, q, submission("ada", 1))
	finish(t, q, take(t, q, 1)[0], Outcome{Body: []byte("done")})
	if _, err := q.Cancel(t.Context(), "ada", cancelled.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{ended.ID, cancelled.ID} {
		if there, err := client.HExists(t.Context(), "{test:jobs}:job:"+id, "shared").Result(); there || err != nil {
			t.Errorf("what the items share is kept: %v", err)
		}
	}
	for _, key := range keys(t, client) {
		if strings.Contains(key, ":item:") {
			t.Errorf("%s is kept", key)
		}
	}
}

func TestRedisForgetsAJobWhole(t *testing.T) {
	client := redistest.Start(t).Client()
	q, clock := newRedisQueue(t, client)
	s := submission("ada", 3)
	s.Key = "key"
	submit(t, q, s)
	submit(t, q, submission("bob", 2))
	finish(t, q, take(t, q, 1)[0], Outcome{Failed: true})
	for range 2 { // the first sweep cancels what is open
		clock.advance(8 * 24 * time.Hour)
		if err := q.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"{test:jobs}:depth", "{test:jobs}:seq", "{test:jobs}:turn"}
	if got := keys(t, client); !slices.Equal(got, want) {
		t.Errorf("left are %v, want the counters %v", got, want)
	}
}

func TestRedisDoesNotShowWhoseAJobIs(t *testing.T) {
	client := redistest.Start(t).Client()
	q, _ := newRedisQueue(t, client)
	submit(t, q, Submission{Principal: "somebody", Key: "k", Digest: []byte{1}, Payloads: [][]byte{{1}, {2}}})
	take(t, q, 1)
	for _, key := range keys(t, client) {
		value, err := client.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(key+value, "somebody") {
			t.Errorf("%s names the principal", key)
		}
	}
}

// What a process took without hearing of it was not begun.
func TestAnAnswerThatIsLostIsNoAttempt(t *testing.T) {
	q, clock := newRedisQueue(t, redistest.Start(t).Client())
	submit(t, q, submission("ada", 2))
	q.hands.drop(take(t, q, 2)...)
	if items := take(t, q, 2); len(items) > 0 {
		t.Fatalf("took %+v at once, when the answer may still be on its way", items)
	}
	clock.advance(time.Minute)
	if items := take(t, q, 2); len(items) != 2 || items[0].Attempt != 1 {
		t.Errorf("took %+v, want both as if for the first time", items)
	}
}

// A server that lost what it knew numbers items from the beginning.
func TestAnOldItemIsNotTakenForANewOne(t *testing.T) {
	client := redistest.Start(t).Client()
	q, _ := newRedisQueue(t, client)
	submit(t, q, submission("ada", 1))
	earlier := take(t, q, 1)[0]
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	job := submit(t, q, submission("ada", 1))
	later := take(t, q, 1)[0]
	if later.number != earlier.number {
		t.Fatalf("items %d and %d have not the same number", earlier.number, later.number)
	}
	if err := q.Finish(t.Context(), earlier, Outcome{Body: []byte("earlier")}); !errors.Is(err, ErrLost) {
		t.Errorf("the earlier one: %v", err)
	}
	finish(t, q, later, Outcome{Body: []byte("later")})
	if got := results(t, q, "ada", job.ID); len(got) != 1 || string(got[0].Body) != "later" {
		t.Errorf("results %+v", got)
	}
}

func TestOtherProcessesHearWhatHappens(t *testing.T) {
	client := redistest.Start(t).Client()
	q, _ := newRedisQueue(t, client)
	other := NewRedis(client, "test", q.config)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		other.Listen(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()
	for listeners := int64(0); listeners == 0; {
		counts, err := client.PubSubNumSub(t.Context(), "{test:jobs}:events").Result()
		if err != nil {
			t.Fatal(err)
		}
		listeners = counts["{test:jobs}:events"]
	}
	job := submit(t, q, submission("ada", 2))
	<-other.Wake()
	changed := other.Changed(job.ID)
	finish(t, q, take(t, q, 1)[0], Outcome{})
	<-changed
	item := take(t, other, 1)[0]
	if _, err := q.Cancel(t.Context(), "ada", job.ID); err != nil {
		t.Fatal(err)
	}
	<-item.gone
}

// A cluster refuses a script that names keys of several slots.
func TestTheQueueWorksInACluster(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	if err := server.Client().Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	client := connect(t, server.URL()+"?cluster=true", 5*time.Second)
	for client.Set(t.Context(), "x", 1, 0).Err() != nil { // it is not up at once
	}
	q, clock := newRedisQueue(t, client)
	s := submission("ada", 4)
	s.Key = "key"
	job := submit(t, q, s)
	items := take(t, q, 3)
	if lost, err := q.Renew(t.Context(), items); len(lost) > 0 || err != nil {
		t.Errorf("lost %v, %v", lost, err)
	}
	finish(t, q, items[0], Outcome{Body: []byte("done")})
	finish(t, q, items[1], Outcome{Failed: true, Retry: true})
	if err := q.Release(t.Context(), items[2]); err != nil {
		t.Error(err)
	}
	if _, err := q.Cancel(t.Context(), "ada", job.ID); err != nil {
		t.Error(err)
	}
	if listed, err := q.List(t.Context(), "ada", "", 10); len(listed) != 1 || listed[0].Dropped != 3 || err != nil {
		t.Errorf("%+v, %v", listed, err)
	}
	if got := results(t, q, "ada", job.ID); len(got) != 1 {
		t.Errorf("results %+v", got)
	}
	clock.advance(8 * 24 * time.Hour)
	if err := q.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAServerThatDoesNotAnswerIsSaidSo(t *testing.T) {
	server := durable(t)
	q, _ := newRedisQueue(t, connect(t, server.URL(), 100*time.Millisecond))
	job := submit(t, q, submission("ada", 2))
	item := take(t, q, 1)[0]
	for name, lose := range map[string]struct{ away, back func() }{
		"paused": {server.Pause, server.Resume},
		"killed": {server.Kill, server.Restart},
	} {
		lose.away()
		_, errSubmit := q.Submit(t.Context(), submission("ada", 1))
		_, errJob := q.Job(t.Context(), "ada", job.ID)
		_, errTake := q.Take(t.Context(), 1)
		_, errRenew := q.Renew(t.Context(), []Item{item})
		_, _, errDepth := q.Depth(t.Context())
		for i, err := range []error{errSubmit, errJob, errTake, errRenew, errDepth, q.Check(t.Context()), q.Finish(t.Context(), item, Outcome{})} {
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: operation %d: %v", name, i, err)
			}
		}
		lose.back()
	}
	for q.Check(t.Context()) != nil { // until a connection is made again
	}
	if job := standing(t, q, "ada", job.ID); job.Total != 2 {
		t.Errorf("%+v", job)
	}
}

// While the server is gone nobody can renew a lease.
func TestAServerThatWasGoneAbandonsNothing(t *testing.T) {
	server := durable(t)
	client := connect(t, server.URL(), time.Second)
	q, clock := newRedisQueue(t, client)
	other := NewRedis(client, "test", q.config)
	job := submit(t, q, submission("ada", 1))
	items := take(t, q, 1)
	server.Kill()
	if _, err := other.Take(t.Context(), 1); !errors.Is(err, ErrUnavailable) {
		t.Errorf("while it is gone: %v", err)
	}
	clock.advance(time.Minute)
	server.Restart()
	for other.Check(t.Context()) != nil { // until a connection is made again
	}
	if taken := take(t, other, 1); len(taken) > 0 {
		t.Errorf("another took %+v from whoever could not renew", taken)
	}
	if lost, err := q.Renew(t.Context(), items); len(lost) > 0 || err != nil {
		t.Errorf("lost %+v, %v", lost, err)
	}
	finish(t, q, items[0], Outcome{Body: []byte("done")})
	if got := results(t, q, "ada", job.ID); len(got) != 1 || got[0].Attempts != 1 {
		t.Errorf("results %+v", got)
	}
}

func TestAReplicaTakesNothing(t *testing.T) {
	client := redistest.Start(t).Client()
	q, _ := newRedisQueue(t, client)
	job := submit(t, q, submission("ada", 1))
	host, port, _ := strings.Cut(redistest.Start(t).Addr, ":")
	if err := client.Do(t.Context(), "replicaof", host, port).Err(); err != nil {
		t.Fatal(err)
	}
	_, errSubmit := q.Submit(t.Context(), submission("ada", 1))
	_, errCancel := q.Cancel(t.Context(), "ada", job.ID)
	for i, err := range []error{errSubmit, errCancel, q.Check(t.Context())} {
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "READONLY") {
			t.Errorf("operation %d: %v", i, err)
		}
	}
}

// A full server begins nothing, and what was begun can be finished.
func TestAFullServerLosesNothing(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes", "--maxmemory-policy", "noeviction")
	client := server.Client()
	q, _ := newRedisQueue(t, client)
	job := submit(t, q, submission("ada", 2))
	item := take(t, q, 1)[0]
	ballast := Submission{Principal: "bob", Digest: []byte{1}, Payloads: [][]byte{make([]byte, 1<<20)}}
	_, _ = rand.Read(ballast.Payloads[0]) // never fails
	large := submit(t, q, ballast)
	if err := client.ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	_, errSubmit := q.Submit(t.Context(), submission("ada", 1))
	_, errTake := q.Take(t.Context(), 1)
	for i, err := range []error{errSubmit, errTake, q.Check(t.Context())} {
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "OOM") {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	if lost, err := q.Renew(t.Context(), []Item{item}); len(lost) > 0 || err != nil {
		t.Errorf("renewed: lost %v, %v", lost, err)
	}
	finish(t, q, item, Outcome{Body: []byte("done")})
	if _, err := q.Cancel(t.Context(), "bob", large.ID); err != nil {
		t.Errorf("what would give room back: %v", err)
	}
	if err := client.ConfigSet(t.Context(), "maxmemory", "100mb").Err(); err != nil {
		t.Fatal(err)
	}
	finish(t, q, take(t, q, 1)[0], Outcome{Body: []byte("done")})
	if job := standing(t, q, "ada", job.ID); job.Done != 2 {
		t.Errorf("%+v", job)
	}
}

func TestAServerThatMayLoseJobsIsSaidSo(t *testing.T) {
	for name, test := range map[string]struct {
		settings []string
		want     error
	}{
		"in memory alone": {nil, ErrVolatile},
		"evicting":        {[]string{"--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}, ErrEvicts},
		"well":            {[]string{"--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "noeviction"}, nil},
	} {
		q, _ := newRedisQueue(t, redistest.Start(t, test.settings...).Client())
		if err := q.Check(t.Context()); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The server is killed while jobs are taken in and worked on. In the end each
// job that was acknowledged has one result for each item.
func TestAKilledServerLosesNothingThatItAcknowledged(t *testing.T) {
	server := durable(t)
	client := connect(t, server.URL(), time.Second)
	q := NewRedis(client, "test", Config{Lease: 300 * time.Millisecond})
	began := make(chan struct{}, 1000)
	r := &Runner{Queue: q, Workers: 4, Renew: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Do: func(_ context.Context, item Item) Outcome {
			began <- struct{}{}
			return Outcome{Body: item.Payload}
		}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()
	var acknowledged []string
	for range 4 {
		for range 5 {
			if job, err := q.Submit(t.Context(), submission("ada", 10)); err == nil {
				acknowledged = append(acknowledged, job.ID)
			}
		}
		<-began
		server.Kill()
		server.Restart()
		for q.Check(t.Context()) != nil { // until a connection is made again
		}
	}
	for _, id := range acknowledged {
		if job := settled(t, q, "ada", id); job.Done != 10 {
			t.Errorf("%+v", job)
		}
		if got := results(t, q, "ada", id); len(got) != 10 {
			t.Errorf("%d results", len(got))
		}
	}
	if len(acknowledged) < 5 {
		t.Errorf("only %d jobs were taken in", len(acknowledged))
	}
}
