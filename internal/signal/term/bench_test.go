package term_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/term"
)

const sentence = "fresh citrus over wet cedar, a little smoke and the amber of an old library. "

// invented returns terms of made-up words, as varied as chemical names.
func invented(count int) []string {
	syllables := []string{"me", "thyl", "eth", "yl", "ben", "zo", "pro", "pan", "ol", "al", "chlo", "ro", "phos", "ni", "tro", "am", "ine", "ace", "ty", "ri", "cin", "so", "di", "um"}
	rng := rand.New(rand.NewPCG(1, 2))
	terms := make([]string, count)
	for i := range terms {
		var text strings.Builder
		for range 3 + rng.IntN(8) {
			text.WriteString(syllables[rng.IntN(len(syllables))])
			if rng.IntN(5) == 0 {
				text.WriteByte(' ')
			}
		}
		terms[i] = fmt.Sprint(text.String(), i%7)
	}
	return terms
}

func BenchmarkScan(b *testing.B) {
	for _, count := range []int{100, 1_000, 10_000} {
		d, err := term.New([]term.Set{{Name: "x", Terms: invented(count)}})
		if err != nil {
			b.Fatal(err)
		}
		for _, size := range []int{27, 300, 4 << 10, 64 << 10} {
			text := strings.Repeat(sentence, size/len(sentence)+1)[:size]
			b.Run(fmt.Sprintf("terms=%d/bytes=%d", count, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					d.Scan(text, func(term.Hit) bool { return true })
				}
			})
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for _, count := range []int{1_000, 10_000, 40_000} {
		sets := []term.Set{{Name: "x", Terms: invented(count)}}
		b.Run(fmt.Sprintf("terms=%d", count), func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				d, err := term.New(sets)
				if err != nil {
					b.Fatal(err)
				}
				size = d.Size()
			}
			b.ReportMetric(float64(size)/(1<<20), "MiB")
		})
	}
}
