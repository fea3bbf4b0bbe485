package store

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// What a write costs that waits for the disk (full), and one that does not
// (relaxed), as more callers share a transaction.
func BenchmarkWrite(b *testing.B) {
	for _, relaxed := range []bool{false, true} {
		for _, callers := range []int{1, 16, 256} {
			name := map[bool]string{false: "full", true: "relaxed"}[relaxed]
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				s := open(b, fresh(b), func(c *Config) { c.Relaxed = relaxed })
				before := s.Stats()
				var number atomic.Int64
				b.SetParallelism(callers / 2) // times GOMAXPROCS
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := s.Write(b.Context(), note(int(number.Add(1)))); err != nil {
							b.Error(err)
						}
					}
				})
				after := s.Stats()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(float64(after.Writes-before.Writes)/float64(after.Commits-before.Commits), "rows/commit")
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	s := open(b, fresh(b), nil)
	for i := range 1000 {
		if err := s.Write(b.Context(), note(i)); err != nil {
			b.Fatal(err)
		}
	}
	var number atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := s.Read(b.Context(), func(tx *Tx) error {
				var text []byte
				return tx.Row("SELECT text FROM notes WHERE number = ?", number.Add(1)%1000).Scan(&text)
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// What a start waits for: opening a store of 100 MB, with the check.
func BenchmarkOpen(b *testing.B) {
	for _, rows := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			path := fresh(b)
			s := open(b, path, func(c *Config) { c.Relaxed = true })
			err := s.Write(b.Context(), func(tx *Tx) error {
				for i := range rows {
					if _, err := tx.Exec("INSERT INTO notes VALUES (?, ?)", i, make([]byte, 10_000)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s, err := Open(b.Context(), Config{Path: path})
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
