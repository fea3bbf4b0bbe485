package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/backup/replica"
)

const (
	// trailFolder is the part of the state directory whose files only grow.
	trailFolder = "audit"
	// copyInterval is how long something that was written stays uncopied.
	copyInterval = 250 * time.Millisecond
	// maxUncopied is how long that may be before the health says so.
	maxUncopied = time.Minute
)

// copies are what is copied while it is written, between two snapshots: the
// databases, and the audit trail.
type copies struct {
	// copying is held while the trail is copied, which may take long. It guards
	// the trail, which is nil before the first snapshot.
	copying sync.Mutex
	trail   *backup.Follower

	mu        sync.Mutex
	databases map[string]*replica.Replica // by the path in the state directory
	failed    error                       // of the last copy of the trail
}

// database brings the copy of a database up to date, and begins it if need be.
func (c *copies) database(ctx context.Context, config replica.Config) error {
	c.mu.Lock()
	r := c.databases[config.Name]
	c.mu.Unlock()
	if r == nil {
		var err error
		if r, err = replica.Keep(ctx, config); err != nil {
			return err
		}
		c.mu.Lock()
		if c.databases == nil {
			c.databases = make(map[string]*replica.Replica)
		}
		c.databases[config.Name] = r
		c.mu.Unlock()
	}
	if err := r.Sync(ctx); err != nil {
		return fmt.Errorf("copying %s: %w", config.Name, err)
	}
	return nil
}

// follow copies from now on what the trail has more than the snapshot.
func (c *copies) follow(ctx context.Context, r *backup.Repository, sources []backup.Source, taken *backup.Result) error {
	for _, source := range sources {
		if source.Name != trailFolder {
			continue
		}
		c.copying.Lock()
		defer c.copying.Unlock()
		trail, err := r.Follow(ctx, source, taken)
		if err != nil {
			return fmt.Errorf("copying the audit trail: %w", err)
		}
		c.trail = trail
	}
	return nil
}

// run copies the trail until the context ends. It reports an error once, until
// the next good copy.
func (c *copies) run(ctx context.Context, report func(error)) {
	ticker := time.NewTicker(copyInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err, isNew := c.copyTrail(ctx); err != nil && isNew {
			report(err)
		}
	}
}

func (c *copies) copyTrail(ctx context.Context) (err error, isNew bool) {
	c.copying.Lock()
	defer c.copying.Unlock()
	if c.trail == nil {
		return nil, false
	}
	err = c.trail.Copy(ctx)
	if ctx.Err() != nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	isNew = c.failed == nil
	c.failed = err
	return err, isNew
}

// health returns nil if everything that was written a while ago was copied.
func (c *copies) health() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for name, r := range c.databases {
		if age := time.Since(r.Synced()); age > maxUncopied {
			errs = append(errs, fmt.Errorf("%s was last copied %s ago", name, age.Round(time.Second)))
		}
	}
	if c.failed != nil {
		errs = append(errs, fmt.Errorf("copying the audit trail: %w", c.failed))
	}
	return errors.Join(errs...)
}

// close copies what is left, and ends.
func (c *copies) close(ctx context.Context) error {
	_, _ = c.copyTrail(ctx) // Its error is kept.
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := []error{c.failed}
	for name, r := range c.databases {
		if err := r.Close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("copying %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
