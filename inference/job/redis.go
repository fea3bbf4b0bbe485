package job

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/inference/store"
)

// Redis is a queue in a Redis server, version 7 or later, or one that speaks
// like it. Any number of processes on any number of machines share it. Each
// operation is one script and so one step; in a cluster all of a queue is on
// one node. An error that is none of the queue's own wraps [ErrUnavailable];
// whether the operation was carried out is then unknown.
type Redis struct {
	client  redis.UniversalClient
	base    string // begins the name of every key
	config  Config
	now     func() string // in milliseconds, or empty for the server's clock
	lease   string        // whose items are ours
	changes *changes
	hands   hands
	// apart says that items were held back because one has to run alone.
	apart atomic.Bool
	// fault is when the server last failed us, nil if it never did.
	fault atomic.Pointer[time.Time]
}

// Interface guard
var _ Queue = (*Redis)(nil)

// NewRedis returns the queue whose keys begin with a prefix, which must not
// have braces. Where the configuration has no clock, the time is the server's,
// so that all who share the queue agree on it. The caller closes the client.
func NewRedis(client redis.UniversalClient, prefix string, config Config) *Redis {
	clock := config.Now
	config.setDefaults()
	q := &Redis{
		client:  client,
		base:    "{" + prefix + ":jobs}",
		config:  config,
		now:     func() string { return "" },
		lease:   rand.Text(),
		changes: newChanges(),
		hands:   hands{items: map[int64]inHand{}},
	}
	if clock != nil {
		q.now = func() string { return strconv.FormatInt(clock().UnixMilli(), 10) }
	}
	return q
}

// run runs a script and returns its answer, or the error that it says.
func (q *Redis) run(ctx context.Context, doing string, script *redis.Script, arguments ...any) (*answer, error) {
	parts, err := script.Run(ctx, q.client, []string{q.base}, append([]any{q.now()}, arguments...)...).Slice()
	if err != nil {
		if ctx.Err() == nil { // the caller did not leave before
			q.fault.Store(new(time.Now()))
		}
		return nil, unavailable(doing, err)
	}
	a := &answer{parts: parts}
	if verdict := a.text(); verdict != "ok" {
		if err := verdicts[verdict]; err != nil {
			return nil, err
		}
		return nil, unavailable(doing, errReply)
	}
	return a, nil
}

func unavailable(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}

// share is a principal's name in keys, which others may see.
func share(principal string) string {
	digest := sha256.Sum256([]byte(principal))
	return base64.RawURLEncoding.EncodeToString(digest[:16])
}

// Submit implements [Queue].
func (q *Redis) Submit(ctx context.Context, s Submission) (Job, error) {
	arguments := []any{
		rand.Text(), share(s.Principal), s.Key, s.Digest, store.Pack(s.Shared), s.Priority,
		q.config.Keep.Milliseconds(), q.config.MaxShare, q.config.MaxOpen, q.config.MaxJobs,
	}
	for _, payload := range s.Payloads {
		arguments = append(arguments, store.Pack(payload))
	}
	job, err := q.jobOf(ctx, "taking a job in", submitScript, arguments...)
	if err == nil {
		q.changes.wake()
	}
	return job, err
}

// jobOf runs a script that answers with a job.
func (q *Redis) jobOf(ctx context.Context, doing string, script *redis.Script, arguments ...any) (Job, error) {
	a, err := q.run(ctx, doing, script, arguments...)
	if err != nil {
		return Job{}, err
	}
	job, err := readJob(a.part())
	if err != nil {
		return Job{}, unavailable(doing, err)
	}
	return job, nil
}

// readJob reads what the script function describe wrote.
func readJob(a *answer) (Job, error) {
	job := Job{Priority: int(a.number())}
	cancelled := a.number() == 1
	job.Created = time.UnixMilli(a.number())
	finished := a.number()
	job.Expires = time.UnixMilli(a.number())
	for _, count := range []*int{&job.Total, &job.Waiting, &job.Running, &job.Done, &job.Failed, &job.Dropped} {
		*count = int(a.number())
	}
	job.ID = a.text()
	if finished > 0 {
		job.Finished = time.UnixMilli(finished)
	}
	job.State = job.state(cancelled)
	return job, a.err
}

// Job implements [Queue].
func (q *Redis) Job(ctx context.Context, principal, id string) (Job, error) {
	return q.jobOf(ctx, "looking for a job", jobScript, share(principal), id)
}

// List implements [Queue].
func (q *Redis) List(ctx context.Context, principal, before string, limit int) (jobs []Job, err error) {
	const doing = "listing jobs"
	a, err := q.run(ctx, doing, listScript, share(principal), before, limit)
	if err != nil {
		return nil, err
	}
	for a.more() {
		job, err := readJob(a.part())
		if err != nil {
			return nil, unavailable(doing, err)
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// Results implements [Queue].
func (q *Redis) Results(ctx context.Context, principal, id string, page Page) (results []Result, job Job, err error) {
	const doing = "reading results"
	a, err := q.run(ctx, doing, resultsScript, share(principal), id, page.After, page.Limit, page.Failed, largestPage)
	if err != nil {
		return nil, Job{}, err
	}
	if job, err = readJob(a.part()); err != nil {
		return nil, Job{}, unavailable(doing, err)
	}
	for size := 0; a.more() && size < largestPage; {
		r, err := readResult(a.text())
		if err != nil {
			return nil, Job{}, unavailable(doing, err)
		}
		size += len(r.Body)
		results = append(results, r)
	}
	return results, job, nil
}

// readResult reads a result as it is kept: numbers, and its packed body.
func readResult(text string) (r Result, err error) {
	parts := strings.SplitN(text, " ", 6)
	if len(parts) < 6 {
		return r, errReply
	}
	a := &answer{}
	for _, part := range parts {
		a.parts = append(a.parts, part)
	}
	r.Sequence, r.Position = int(a.number()), int(a.number())
	r.Failed = a.number() == 1
	r.Attempts = int(a.number())
	r.Created = time.UnixMilli(a.number())
	if a.err != nil {
		return r, a.err
	}
	r.Body, err = store.Unpack([]byte(a.text()))
	return r, err
}

// Cancel implements [Queue].
func (q *Redis) Cancel(ctx context.Context, principal, id string) (Job, error) {
	job, err := q.jobOf(ctx, "cancelling a job", cancelScript, share(principal), id, q.config.Keep.Milliseconds())
	if err == nil && job.State == Cancelled {
		q.hands.revoke(id)
	}
	q.changes.tell(id)
	return job, err
}

// Sweep implements [Queue]. Each job is a step of its own, so that nobody waits
// long.
func (q *Redis) Sweep(ctx context.Context) error {
	for {
		a, err := q.run(ctx, "sweeping", sweepScript, q.config.Keep.Milliseconds())
		if err != nil || !a.more() {
			return err
		}
	}
}

// Depth implements [Queue].
func (q *Redis) Depth(ctx context.Context) (waiting, running int, err error) {
	counts, err := q.client.HMGet(ctx, q.base+":depth", "waiting", "running").Result()
	if err != nil {
		return 0, 0, unavailable("counting items", err)
	}
	for i, count := range []*int{&waiting, &running} {
		if text, ok := counts[i].(string); ok { // there is none before the first job
			if *count, err = strconv.Atoi(text); err != nil {
				return 0, 0, unavailable("counting items", err)
			}
		}
	}
	return waiting, running, nil
}

// Changed implements [Queue].
func (q *Redis) Changed(id string) <-chan struct{} { return q.changes.of(id) }

// Wake implements [Queue].
func (q *Redis) Wake() <-chan struct{} { return q.changes.woken }

// Listen hears what other processes do, for [Redis.Changed], [Redis.Wake] and
// the items of cancelled jobs, until ctx is done. What is said while the
// connection is lost is not heard: whoever waits looks from time to time.
func (q *Redis) Listen(ctx context.Context) {
	events := q.client.Subscribe(ctx, q.base+":events")
	defer func() { _ = events.Close() }() // nothing was written
	heard := events.Channel()
	for {
		select {
		case message := <-heard:
			q.hear(message.Payload)
		case <-ctx.Done():
			return
		}
	}
}

// hear is told what the script function say says.
func (q *Redis) hear(what string) {
	id, cancelled := strings.CutPrefix(what, "-")
	switch {
	case what == "":
		q.changes.wake()
		return
	case cancelled:
		q.hands.revoke(id)
	}
	q.changes.tell(id)
}
