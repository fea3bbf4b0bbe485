package gate

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/audit"
)

// trail is an open trail, and what is known about those in it.
type trail struct {
	*audit.Trail
	keyFile string
	firsts  *firstUses

	// waitsSince is when the first event was put that may wait for the disk, in
	// nanoseconds since 1970; 0 where none does.
	waitsSince atomic.Int64
}

// openTrail opens a trail, and records that the gateway was started.
func openTrail(options audit.Options) (*trail, error) {
	t := &trail{keyFile: options.KeyFile, firsts: newFirstUses(maxFirstUses)}
	options.Committed, options.Report = t.committed, t.report
	var err error
	if t.Trail, err = audit.Open(options); err != nil {
		return nil, err
	}
	t.Offer(audit.Event{Name: "gateway.started", Fields: []audit.Field{audit.Text("version", caddy.CustomVersion)}})
	return t, nil
}

func (t *trail) close() error {
	t.Offer(audit.Event{Name: "gateway.stopped"})
	return t.Close()
}

// hangsAfter is how long an event may take to be recorded.
const hangsAfter = 5 * time.Second

// Append records an event, and returns when it is recorded. It waits for that
// no longer than hangsAfter.
func (t *trail) Append(ctx context.Context, event audit.Event) error {
	ctx, cancel := context.WithTimeout(ctx, hangsAfter)
	defer cancel()
	put := t.putting()
	err := t.Trail.Append(ctx, event)
	if err != nil && ctx.Err() == nil {
		t.waitsSince.CompareAndSwap(put, 0)
	}
	return err
}

// Offer records an event soon. It reports whether there was room.
func (t *trail) Offer(event audit.Event) bool {
	put := t.putting()
	taken := t.Trail.Offer(event)
	if !taken {
		t.waitsSince.CompareAndSwap(put, 0)
	}
	return taken
}

// putting notes that an event is about to be put, and returns when.
func (t *trail) putting() int64 {
	now := time.Now().UnixNano()
	t.waitsSince.CompareAndSwap(0, now)
	return now
}

// hangs reports whether events wait for the disk for too long.
func (t *trail) hangs() bool {
	since := t.waitsSince.Load()
	return since != 0 && time.Since(time.Unix(0, since)) > hangsAfter
}

// committed is called for each group of events that is recorded.
func (t *trail) committed(_ int, took time.Duration) {
	t.waitsSince.Store(0)
	auditCommits.Observe(took.Seconds())
}

// report logs that the trail fails or works again, to the log of the config
// that runs at that time.
func (t *trail) report(err error) {
	t.waitsSince.Store(0) // What waited is lost, and is known to be.
	logger := caddy.Log().Named("gate.audit")
	if err != nil {
		logger.Error("the audit trail cannot be written", zap.Error(err))
		return
	}
	logger.Info("the audit trail is written again")
}
