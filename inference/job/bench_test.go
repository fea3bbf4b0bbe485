package job

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/store"
	"github.com/odordiff/odordiff/internal/redistest"
)

// eachOnDisk measures every queue with the disk as it is used.
func eachOnDisk(b *testing.B, bench func(b *testing.B, q Queue)) {
	config := Config{MaxShare: 1 << 30, MaxOpen: 1 << 30, MaxJobs: 1 << 30}
	b.Run("sqlite", func(b *testing.B) {
		s, err := store.Open(b.Context(), store.Config{Path: filepath.Join(b.TempDir(), "records.db")})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		bench(b, NewSQLite(s, config))
	})
	for _, fsync := range []string{"everysec", "always"} {
		b.Run("redis-"+fsync, func(b *testing.B) {
			bench(b, NewRedis(redistest.Start(b, "--appendonly", "yes", "--appendfsync", fsync).Client(), "bench", config))
		})
	}
}

// The queue alone: jobs of 100 items, whose work is nothing.
func BenchmarkQueue(b *testing.B) {
	eachOnDisk(b, func(b *testing.B, q Queue) {
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan struct{})
		r := &Runner{Queue: q, Workers: 16, Renew: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
			Do: func(_ context.Context, item Item) Outcome { return Outcome{Body: item.Payload} }}
		go func() {
			defer close(ended)
			r.Run(ctx)
		}()
		for b.Loop() {
			settled(b, q, "ada", submit(b, q, submission("ada", 100)).ID)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "items/s")
		stop()
		<-ended
	})
}

func BenchmarkSubmit(b *testing.B) {
	eachOnDisk(b, func(b *testing.B, q Queue) {
		for b.Loop() {
			submit(b, q, submission("ada", 1000))
		}
		b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "items/s")
	})
}
