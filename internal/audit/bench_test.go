package audit_test

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/audit"
)

// BenchmarkAppend is the cost of an event whose caller waits for the disk.
func BenchmarkAppend(b *testing.B) {
	for name, options := range map[string]audit.Options{
		"each":     {Sync: audit.SyncEach},
		"group":    {},
		"interval": {Sync: audit.SyncInterval},
		"sealed":   {Recipients: []age.Recipient{identity(b).Recipient()}},
	} {
		b.Run(name, func(b *testing.B) {
			options.Folder = b.TempDir()
			trail := open(b, options)
			b.ReportAllocs()
			b.SetParallelism(64)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := trail.Append(context.Background(), refused(1)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkOffer is the cost of an event that nobody waits for.
func BenchmarkOffer(b *testing.B) {
	trail := open(b, audit.Options{Folder: b.TempDir(), MaxWaiting: 1 << 20})
	event := refused(1)
	b.ReportAllocs()
	for b.Loop() {
		trail.Offer(event)
	}
}

// BenchmarkVerify is the time to verify a million records.
func BenchmarkVerify(b *testing.B) {
	folder := b.TempDir()
	trail := open(b, audit.Options{Folder: folder, Sync: audit.SyncInterval, MaxWaiting: 1 << 20})
	for i := range 1_000_000 {
		if i%1000 == 999 { // so that none is lost
			if err := trail.Append(b.Context(), refused(i)); err != nil {
				b.Fatal(err)
			}
		}
		trail.Offer(refused(i))
	}
	closeTrail(b, trail)
	b.ReportAllocs()
	for b.Loop() {
		if report := read(b, folder, audit.ReadOptions{}); report.Events < 1_000_000 {
			b.Fatalf("%d events", report.Events)
		}
	}
}

// BenchmarkPace is a second with 2,000 events that nobody waits for. It reports
// the share of one core that they take, and how many share a sync. Without a
// trail, it is what the pace itself takes.
func BenchmarkPace(b *testing.B) {
	b.Run("nothing", func(b *testing.B) { pace(b, func() {}) })
	for name, recipients := range map[string][]age.Recipient{"plain": nil, "sealed": {identity(b).Recipient()}} {
		b.Run(name, func(b *testing.B) {
			var groups, events atomic.Int64
			trail := open(b, audit.Options{Folder: b.TempDir(), Recipients: recipients, Committed: func(n int, _ time.Duration) {
				groups.Add(1)
				events.Add(int64(n))
			}})
			pace(b, func() { trail.Offer(refused(1)) })
			b.ReportMetric(float64(events.Load())/float64(groups.Load()), "events/sync")
		})
	}
}

// pace does something 2,000 times a second.
func pace(b *testing.B, do func()) {
	b.Helper()
	before, start := cpuTime(b), time.Now()
	for b.Loop() {
		ticks := time.NewTicker(10 * time.Millisecond)
		for range 100 {
			<-ticks.C
			for range 20 {
				do()
			}
		}
		ticks.Stop()
	}
	b.ReportMetric(100*float64(cpuTime(b)-before)/float64(time.Since(start)), "%core")
}

// cpuTime returns the processor time that this process has taken.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
