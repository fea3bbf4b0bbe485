package job

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// The queue alone, with the disk: jobs of 100 items, whose work is nothing.
func BenchmarkQueue(b *testing.B) {
	s, err := store.Open(b.Context(), store.Config{Path: filepath.Join(b.TempDir(), "records.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := NewSQLite(s, Config{})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	r := &Runner{Queue: q, Workers: 16, Renew: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
		Do: func(_ context.Context, item Item) Outcome { return Outcome{Body: item.Payload} }}
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	for b.Loop() {
		id := submit(b, q, submission("ada", 100)).ID
		for {
			changed := q.Changed(id)
			job := standing(b, q, "ada", id)
			if job.Final() {
				break
			}
			<-changed
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "items/s")
	stop()
	<-ended
}

func BenchmarkSubmit(b *testing.B) {
	s, err := store.Open(b.Context(), store.Config{Path: filepath.Join(b.TempDir(), "records.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := NewSQLite(s, Config{MaxShare: 1 << 30, MaxOpen: 1 << 30})
	for b.Loop() {
		submit(b, q, submission("ada", 1000))
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "items/s")
}
