package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// name is an item's number as it is written.
func name(number int64) string { return fmt.Sprintf("%016d", number) }

// stamp is what the script function stamp returns.
func stamp(attempt int, job string) string { return fmt.Sprintf("%d %s", attempt, job) }

func (i *Item) stamp() string { return stamp(i.Attempt, i.Job) }

// Take implements [Queue].
func (q *Redis) Take(ctx context.Context, n int) (items []Item, err error) {
	const doing = "taking items"
	arguments := []any{
		q.lease, n, q.config.Lease.Milliseconds(), q.config.MaxAbandoned,
		q.config.Keep.Milliseconds(), store.Pack(q.config.GaveUp), q.calm(),
	}
	a, err := q.run(ctx, doing, takeScript, append(arguments, q.hands.named()...)...)
	if err != nil {
		return nil, err
	}
	if a.text() == "apart" {
		q.apart.Store(true)
	}
	for a.more() {
		item, err := readItem(a.part())
		if err != nil {
			return nil, unavailable(doing, err)
		}
		items = append(items, item)
	}
	q.hands.take(items)
	return items, nil
}

// calm reports whether the server has not failed for half a lease. After it was
// gone, leases may be over that nobody could renew: whoever holds them gets
// time for it before they are taken back.
func (q *Redis) calm() bool {
	fault := q.fault.Load()
	return fault == nil || time.Since(*fault) > q.config.Lease/2
}

func readItem(a *answer) (item Item, err error) {
	item.number = a.number()
	item.Job = a.text()
	item.Position, item.Attempt = int(a.number()), int(a.number())
	shared, payload := a.text(), a.text()
	if a.err != nil {
		return Item{}, a.err
	}
	if item.Shared, err = store.Unpack([]byte(shared)); err != nil {
		return Item{}, err
	}
	item.Payload, err = store.Unpack([]byte(payload))
	return item, err
}

// Renew implements [Queue].
func (q *Redis) Renew(ctx context.Context, items []Item) (lost []Item, err error) {
	const doing = "renewing leases"
	arguments := []any{q.lease, q.config.Lease.Milliseconds()}
	byName := map[string]Item{}
	for _, item := range items {
		arguments = append(arguments, name(item.number), item.stamp())
		byName[name(item.number)] = item
	}
	a, err := q.run(ctx, doing, renewScript, arguments...)
	if err != nil {
		return nil, err
	}
	for a.more() {
		lost = append(lost, byName[a.text()])
	}
	q.hands.drop(lost...)
	return lost, nil
}

// Finish implements [Queue].
func (q *Redis) Finish(ctx context.Context, item Item, outcome Outcome) error {
	state := "done"
	if outcome.Failed {
		state = "failed"
		if len(outcome.Body) == 0 {
			outcome.Body = q.config.GaveUp
		}
	}
	_, err := q.run(ctx, "finishing an item", finishScript, q.lease, name(item.number), item.stamp(), state,
		store.Pack(outcome.Body), q.config.Keep.Milliseconds(),
		outcome.Failed && outcome.Retry, q.config.MaxAttempts, q.config.Backoff.Milliseconds())
	if err == nil || errors.Is(err, ErrLost) {
		q.hands.drop(item)
	}
	if err == nil {
		q.changes.tell(item.Job)
		if q.apart.Swap(false) {
			q.changes.wake()
		}
	}
	return err
}

// Release implements [Queue].
func (q *Redis) Release(ctx context.Context, item Item) error {
	_, err := q.run(ctx, "giving an item back", releaseScript, q.lease, name(item.number), item.stamp())
	if err == nil || errors.Is(err, ErrLost) {
		q.hands.drop(item)
	}
	if err == nil {
		q.changes.wake()
	}
	return err
}

// named returns the names and stamps of what is in hand.
func (h *hands) named() (arguments []any) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for number, item := range h.items {
		arguments = append(arguments, name(number), stamp(item.attempt, item.job))
	}
	return arguments
}
