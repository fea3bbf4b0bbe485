package override

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/window"
)

const (
	// DefaultFollow is how often the shared store is asked whether overrides have
	// changed.
	DefaultFollow = 500 * time.Millisecond

	// versionField of the hash changes with every change of another field.
	versionField = "version"
	// lifetime is how long the hash is kept after the last change.
	lifetime = MaxLifetime + 24*time.Hour
	// patience bounds an exchange with the server.
	patience = 2 * time.Second
)

// SharedOptions configure [Open]. The zero value selects the defaults.
type SharedOptions struct {
	// Prefix begins the name of the key in Redis; "" means
	// [window.DefaultPrefix].
	Prefix string
	// Follow is how often the server is asked for changes; zero means
	// [DefaultFollow].
	Follow time.Duration
	// Clock tells the time; nil means [time.Now].
	Clock func() time.Time
	// OnChange is called when the server cannot be asked any more, with the
	// reason, and with nil when it can. It must not block.
	OnChange func(error)
}

// Open returns the overrides that are kept in Redis and in force wherever they
// are followed under the same prefix. While Redis is gone, the last known ones
// stay in force until they are over, and none can be changed. If Redis comes
// back without its data, they are written down again. The caller closes them
// and then the client.
func Open(client redis.UniversalClient, options SharedOptions) *Overrides {
	o := New(options.Clock)
	s := &shared{
		Overrides: o, client: client, onChange: options.OnChange,
		key: "{" + cmp.Or(options.Prefix, window.DefaultPrefix) + "}:overrides",
	}
	o.shared = s
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.work.Go(func() { s.follow(background, cmp.Or(options.Follow, DefaultFollow)) })
	return o
}

// shared keeps overrides in one hash in Redis: a field for each target, and the
// version.
type shared struct {
	*Overrides

	client   redis.UniversalClient
	key      string
	onChange func(error)
	stop     context.CancelFunc
	work     sync.WaitGroup

	// pulling is held while the server is asked.
	pulling sync.Mutex
	// version is that of the rules, and fields are what they were read from; empty
	// before the first.
	version string
	fields  map[string]string
}

func (s *shared) close() {
	s.stop()
	s.work.Wait()
}

// follow asks for changes until the context ends.
func (s *shared) follow(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	gone := false
	for {
		err := s.pull(ctx)
		if ctx.Err() != nil {
			return
		}
		if gone != (err != nil) && s.onChange != nil {
			s.onChange(err)
		}
		gone = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pull takes over what is in Redis, if it has changed.
func (s *shared) pull(ctx context.Context) error {
	s.pulling.Lock()
	defer s.pulling.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	version, err := s.client.HGet(ctx, s.key, versionField).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return s.restore(ctx)
	case err != nil:
		return fmt.Errorf("asking Redis for overrides: %w", err)
	case version == s.version:
		return nil
	}
	fields, err := s.client.HGetAll(ctx, s.key).Result()
	if err != nil {
		return fmt.Errorf("asking Redis for overrides: %w", err)
	}
	s.take(fields)
	return nil
}

// take makes the fields the rules. What is no override is passed over: others
// who may write to Redis must not stop the gateway.
func (s *shared) take(fields map[string]string) {
	s.fields, s.version = fields, fields[versionField]
	now := s.clock()
	s.update(func(all map[Target]Override) {
		clear(all)
		for field, value := range fields {
			if one, ok := read(field, value, now); ok {
				all[one.Target] = one
			}
		}
	})
}

// skew is how far the clocks of two gateways may be apart.
const skew = time.Hour

// read reads a field, and reports whether it is an override in force.
func read(field, value string, now time.Time) (Override, bool) {
	one, err := decode(value)
	return one, err == nil && field == fieldOf(one.Target) && one.validate(now, MaxLifetime+skew) == nil
}

// restore writes down what is in force, for a server that has lost it.
func (s *shared) restore(ctx context.Context) error {
	known := s.All()
	if len(known) == 0 {
		return nil
	}
	arguments := []any{lifetime.Milliseconds(), versionField, rand.Text()}
	for _, one := range known {
		arguments = append(arguments, fieldOf(one.Target), encode(one))
	}
	if err := s.client.Eval(ctx, restoreSource, []string{s.key}, arguments...).Err(); err != nil {
		return fmt.Errorf("writing overrides to Redis again: %w", err)
	}
	return nil
}

//go:embed restore.lua
var restoreSource string

func (s *shared) set(ctx context.Context, change Override) error {
	return s.write(ctx, func(pipe redis.Pipeliner) {
		pipe.HSet(ctx, s.key, fieldOf(change.Target), encode(change))
	})
}

func (s *shared) remove(ctx context.Context, target Target) error {
	return s.write(ctx, func(pipe redis.Pipeliner) { pipe.HDel(ctx, s.key, fieldOf(target)) })
}

// write changes the hash in one step, drops what is over, and takes over the
// result.
func (s *shared) write(ctx context.Context, change func(redis.Pipeliner)) error {
	dead := s.dead()
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.client.TxPipelined(within, func(pipe redis.Pipeliner) error {
		if len(dead) > 0 {
			pipe.HDel(within, s.key, dead...)
		}
		change(pipe)
		pipe.HSet(within, s.key, versionField, rand.Text())
		pipe.PExpire(within, s.key, lifetime)
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing an override to Redis: %w", err)
	}
	return s.pull(ctx)
}

// dead returns the fields that are no override in force.
func (s *shared) dead() []string {
	s.pulling.Lock()
	defer s.pulling.Unlock()
	var dead []string
	for field, value := range s.fields {
		if _, ok := read(field, value, s.clock()); !ok && field != versionField {
			dead = append(dead, field)
		}
	}
	return dead
}

// wire is an override as it stands in Redis.
type wire struct {
	Limit     string    `json:"limit"`
	Window    string    `json:"window"`
	Key       string    `json:"key,omitempty"`
	Rate      int64     `json:"rate,omitempty"`
	Unlimited bool      `json:"unlimited,omitempty"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Reason    string    `json:"reason,omitempty"`
	By        string    `json:"by,omitempty"`
}

func encode(o Override) string {
	w := wire{Limit: o.Limit, Window: o.Window.String(), Rate: o.Rate, Unlimited: o.Unlimited, Since: o.Since, Until: o.Until, Reason: o.Reason, By: o.By}
	if o.Key != (window.ID{}) {
		w.Key = o.Key.String()
	}
	text, _ := json.Marshal(w) // cannot fail: texts, numbers and valid times
	return string(text)
}

func decode(text string) (o Override, err error) {
	var w wire
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return o, fmt.Errorf("reading an override: %w", err)
	}
	o = Override{Target: Target{Limit: w.Limit}, Rate: w.Rate, Unlimited: w.Unlimited, Since: w.Since, Until: w.Until, Reason: w.Reason, By: w.By}
	if o.Window, err = time.ParseDuration(w.Window); err != nil {
		return o, fmt.Errorf("reading an override: %w", err)
	}
	if w.Key != "" {
		if o.Key, err = window.ParseID(w.Key); err != nil {
			return o, fmt.Errorf("reading an override: %w", err)
		}
	}
	return o, nil
}

// fieldOf is the field of a target's override. A name has no blank.
func fieldOf(t Target) string {
	parts := []string{t.Limit, t.Window.String()}
	if t.Key != (window.ID{}) {
		parts = append(parts, t.Key.String())
	}
	return strings.Join(parts, " ")
}
