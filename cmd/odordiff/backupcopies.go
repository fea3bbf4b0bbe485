package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	// checkInterval is how often it is looked whether all databases are copied.
	checkInterval = 2 * time.Second
	// maxUncopied is how old a copy may be before the health says so.
	maxUncopied = 15 * time.Second
	// databaseFolders stands for all databases where none can be named.
	databaseFolders = "the databases"
)

// copies are what is copied while it is written, between two snapshots: the
// databases, and the audit trail.
type copies struct {
	configs func() ([]replica.Config, error) // of the databases there are

	// Each of the two locks is held while something is copied, which may take
	// long: databases that hang must not hold up the trail.
	copyingDatabases sync.Mutex
	replicas         map[string]*replica.Replica // by the name of the database
	copyingTrail     sync.Mutex
	trail            *backup.Follower // nil before the first snapshot

	mu    sync.Mutex
	lasts map[string]last // by what is copied
}

// last is how the copying of something went.
type last struct {
	good  time.Time // when it was copied; at first, when that was first tried
	error error     // of the last try
}

// note keeps how a copy went, and reports whether that is a new failure.
func (c *copies) note(name string, err error) (failed bool) {
	c.begin(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.lasts[name]
	if err == nil {
		before.good = time.Now()
	}
	failed = err != nil && before.error == nil
	before.error = err
	c.lasts[name] = before
	return failed
}

// begin notes that something is to be copied.
func (c *copies) begin(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lasts == nil {
		c.lasts = make(map[string]last)
	}
	if _, known := c.lasts[name]; !known {
		c.lasts[name] = last{good: time.Now()}
	}
}

// forget forgets the databases that are not there any more.
func (c *copies) forget(configs []replica.Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.lasts, func(name string, _ last) bool {
		is := func(config replica.Config) bool { return config.Name == name }
		return name != trailFolder && name != databaseFolders && !slices.ContainsFunc(configs, is)
	})
}

// health returns nil if everything that was written a while ago was copied.
func (c *copies) health() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.lasts)) {
		l := c.lasts[name]
		age := time.Since(l.good).Round(time.Second)
		switch {
		case age <= maxUncopied:
		case l.error != nil:
			errs = append(errs, fmt.Errorf("%s was last copied %s ago: %w", name, age, l.error))
		default:
			errs = append(errs, fmt.Errorf("%s was last copied %s ago: the target is slow, or hangs", name, age))
		}
	}
	return errors.Join(errs...)
}

// databases brings the copies of all databases up to date, and begins those
// that are new. It returns the names of the databases.
func (c *copies) databases(ctx context.Context) (names []string, err error) {
	configs, err := c.configs()
	if err != nil {
		return nil, err
	}
	c.forget(configs)
	for _, config := range configs {
		c.begin(config.Name)
	}
	c.copyingDatabases.Lock()
	defer c.copyingDatabases.Unlock()
	var errs []error
	for _, config := range configs {
		err := c.database(ctx, config)
		if errors.Is(err, replica.ErrLost) {
			abandoned := c.replicas[config.Name].Abandon(ctx)
			delete(c.replicas, config.Name)
			err = errors.Join(abandoned, c.database(ctx, config))
		}
		c.note(config.Name, err)
		errs = append(errs, err)
		names = append(names, config.Name)
	}
	return names, errors.Join(errs...)
}

func (c *copies) database(ctx context.Context, config replica.Config) error {
	if c.replicas == nil {
		c.replicas = make(map[string]*replica.Replica)
	}
	if c.replicas[config.Name] == nil {
		r, err := replica.Keep(ctx, config)
		if err != nil {
			return err
		}
		c.replicas[config.Name] = r
	}
	if err := c.replicas[config.Name].Sync(ctx); err != nil {
		return fmt.Errorf("copying %s: %w", config.Name, err)
	}
	return nil
}

// snapshots copies all databases whole, as is needed when others are to open
// them.
func (c *copies) snapshots(ctx context.Context) error {
	c.copyingDatabases.Lock()
	defer c.copyingDatabases.Unlock()
	for name, r := range c.replicas {
		if err := r.Snapshot(ctx); err != nil {
			return fmt.Errorf("copying all of %s: %w", name, err)
		}
	}
	return nil
}

// follow copies from now on what the trail has more than the snapshot.
func (c *copies) follow(ctx context.Context, r *backup.Repository, sources []backup.Source, taken *backup.Result) error {
	i := slices.IndexFunc(sources, func(s backup.Source) bool { return s.Name == trailFolder })
	if i < 0 {
		return nil
	}
	c.copyingTrail.Lock()
	defer c.copyingTrail.Unlock()
	trail, err := r.Follow(ctx, sources[i], taken)
	if err != nil {
		return fmt.Errorf("copying the audit trail: %w", err)
	}
	c.trail = trail
	return nil
}

// run copies until the context ends. It reports an error once, until the next
// good copy.
func (c *copies) run(ctx context.Context, report func(error)) {
	var both sync.WaitGroup
	both.Go(func() { c.repeat(ctx, copyInterval, trailFolder, c.copyTrail, report) })
	both.Go(func() {
		c.repeat(ctx, checkInterval, databaseFolders, func(ctx context.Context) error {
			_, err := c.databases(ctx)
			return err
		}, report)
	})
	both.Wait()
}

// repeat copies something at an interval until the context ends.
func (c *copies) repeat(ctx context.Context, every time.Duration, what string, do func(context.Context) error, report func(error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.begin(what)
			if err := do(ctx); c.note(what, err) {
				report(err)
			}
		}
	}
}

func (c *copies) copyTrail(ctx context.Context) error {
	c.copyingTrail.Lock()
	defer c.copyingTrail.Unlock()
	if c.trail == nil {
		return nil
	}
	if err := c.trail.Copy(ctx); err != nil {
		return fmt.Errorf("copying the audit trail: %w", err)
	}
	return nil
}

// close copies what is left, and ends.
func (c *copies) close(ctx context.Context) error {
	errs := []error{c.copyTrail(ctx)}
	c.copyingDatabases.Lock()
	defer c.copyingDatabases.Unlock()
	for name, r := range c.replicas {
		if err := r.Close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("copying %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
