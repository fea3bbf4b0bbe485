package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/backup/replica"
)

// noDatabases is a folder that hangs where a database is put. It tells when
// that begins, and when a part of the trail was put.
type noDatabases struct {
	backup.Folder
	hangs, tailed chan struct{}
}

func (f noDatabases) Put(ctx context.Context, name string, content io.Reader) error {
	if strings.HasPrefix(name, "databases/") {
		noteIn(f.hangs)
		<-ctx.Done()
		return ctx.Err()
	}
	err := f.Folder.Put(ctx, name, content)
	if strings.HasPrefix(name, "tails/") {
		noteIn(f.tailed)
	}
	return err
}

// noteIn sends to a channel that has room for one.
func noteIn(told chan struct{}) {
	select {
	case told <- struct{}{}:
	default:
	}
}

func TestDatabasesThatHangDoNotHoldUpTheTrail(t *testing.T) {
	state := t.TempDir()
	database, segment := filepath.Join(state, "jobs.db"), filepath.Join(mkdir(t, filepath.Join(state, trailFolder)), "00000001.audit")
	newDatabase(t, database, 3)
	writeFile(t, segment, "one\n")
	key, err := backup.LoadKey(filepath.Join(t.TempDir(), "key.json"))
	if err != nil {
		t.Fatal(err)
	}
	recipients := []age.Recipient{key.Recipient()}
	target := noDatabases{backup.Folder(t.TempDir()), make(chan struct{}, 1), make(chan struct{}, 1)}
	r := &backup.Repository{Target: target, Key: key, Recipients: recipients, Identities: []age.Identity{key.Identity()}}
	c := &copies{configs: func() ([]replica.Config, error) {
		return []replica.Config{{Path: database, Name: "jobs.db", Target: r.Target, Key: key, Recipients: recipients, Identities: r.Identities}}, nil
	}}
	sources := []backup.Source{{Name: trailFolder, Path: filepath.Dir(segment)}}
	taken, err := r.Take(t.Context(), sources...)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.follow(t.Context(), r, sources, taken); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.run(ctx, func(error) {})
	}()
	writeFile(t, segment, "one\ntwo\n")
	<-target.hangs
	<-target.tailed
	if !c.isLate(t, "jobs.db") || len(tails(t, r.Target)) != 1 {
		t.Errorf("health: %v, tails: %v", c.health(), tails(t, r.Target))
	}
	if err := c.health(); strings.Contains(err.Error(), trailFolder+" was") {
		t.Errorf("health: %v, though the trail is copied", err)
	}
	cancel()
	<-ended
}

// isLate reports whether the health says that something was not copied for
// long. It has a minute go by for that, if its copying has begun.
func (c *copies) isLate(t *testing.T, name string) bool {
	t.Helper()
	c.mu.Lock()
	if l, begun := c.lasts[name]; begun && time.Since(l.good) < maxUncopied {
		l.good = l.good.Add(-time.Minute)
		c.lasts[name] = l
	}
	c.mu.Unlock()
	err := c.health()
	return err != nil && strings.Contains(err.Error(), name+" was last copied 1m0s ago: the target is slow, or hangs")
}

func tails(t *testing.T, target backup.Target) []backup.Object {
	t.Helper()
	found, err := target.List(t.Context(), "tails/")
	if err != nil {
		t.Fatal(err)
	}
	return found
}
