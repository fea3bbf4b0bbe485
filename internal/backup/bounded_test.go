package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/odordiff/odordiff/internal/backup"
)

func TestEverythingThatIsPutKeepsToTheRateTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 100_000
		target := backup.Bounded(backup.Folder(t.TempDir()), rate)
		start := time.Now()
		done := make(chan error)
		for _, name := range []string{"objects/a", "databases/b"} {
			go func() { done <- target.Put(t.Context(), name, bytes.NewReader(make([]byte, 5*rate))) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("10 seconds' worth of bytes took %v", took)
		}
	})
}

// hanging is a folder that is gone while it is asked, as one that is mounted
// over a network can be.
type hanging struct{ backup.Folder }

func (hanging) Put(ctx context.Context, _ string, content io.Reader) error {
	if _, err := io.CopyN(io.Discard, content, 1); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (hanging) List(ctx context.Context, _ string) ([]backup.Object, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) Delete(ctx context.Context, _ ...string) error {
	<-ctx.Done()
	return ctx.Err()
}

func (hanging) Get(ctx context.Context, _ string) (io.ReadCloser, error) {
	return io.NopCloser(hangingReader{ctx}), nil
}

type hangingReader struct{ ctx context.Context }

func (r hangingReader) Read([]byte) (int, error) {
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

func TestATargetThatHangsFails(t *testing.T) {
	for what, ask := range map[string]func(ctx context.Context, target backup.Target) error{
		"put": func(ctx context.Context, target backup.Target) error {
			return target.Put(ctx, "x", strings.NewReader("xyz"))
		},
		"delete": func(ctx context.Context, target backup.Target) error { return target.Delete(ctx, "x") },
		"list": func(ctx context.Context, target backup.Target) error {
			_, err := target.List(ctx, "")
			return err
		},
		"get": func(ctx context.Context, target backup.Target) error {
			content, err := target.Get(ctx, "x")
			if err != nil {
				return err
			}
			_, err = io.ReadAll(content)
			return errors.Join(err, content.Close())
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := ask(t.Context(), backup.Bounded(hanging{}, 0))
				if took := time.Since(start); err == nil || took < backup.Patience || took > backup.Patience+time.Second {
					t.Errorf("error %v after %v", err, took)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := ask(ctx, backup.Bounded(hanging{}, 0)); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, backup.ErrStalled) {
					t.Errorf("where the caller waits a second: %v", err)
				}
			})
		})
	}
}

func TestASlowTargetIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := backup.Bounded(backup.Folder(t.TempDir()), 1000)
		start := time.Now()
		if err := target.Put(t.Context(), "x", bytes.NewReader(make([]byte, 1_000_000))); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < backup.Patience {
			t.Errorf("it took only %v", took)
		}
	})
}
