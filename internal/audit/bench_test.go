package audit_test

import (
	"context"
	"testing"

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
