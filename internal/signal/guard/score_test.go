package guard

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// slow scores a text from the list of its features, as the definition says it.
func slow(m *Model, text string) Scores {
	stretches := Stretches(text)
	if len(stretches) == 0 {
		var scores Scores
		scores[Scent].Probability = 1
		return scores
	}
	var scores Scores
	for i, at := range Windows(len(stretches)) {
		window := stretches[at[0]:at[1]]
		for class, probability := range slowWindow(m, window) {
			old := scores[class].Probability
			worse := probability > old
			if Class(class) == Scent {
				worse = probability < old
			}
			if i == 0 || worse {
				scores[class] = Score{probability, window[0].Start, window[len(window)-1].End}
			}
		}
	}
	return scores
}

func slowWindow(m *Model, window []Stretch) (probabilities [Classes]float64) {
	var features []int
	for _, s := range window {
		features = append(features, s.Features...)
	}
	for class := range probabilities {
		total := 0
		for _, bucket := range features {
			weights := weightsOf(m, bucket)
			total += int(byte(weights>>(8*class))) - 128
		}
		n := float64(max(len(features), 1))
		sum := float64(total)*m.scale[class]/math.Sqrt(n) + m.bias[LengthOf(len(features))][class]
		probabilities[class] = 1 / (1 + math.Exp(-sum*m.slope[class]-m.shift[class]))
	}
	return probabilities
}

// random returns a model of random weights.
func random(seed uint64) *Model {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := new(Model)
	for _, table := range m.tables() {
		for i := range table {
			table[i] = rng.Uint32()
		}
	}
	for class := range Classes {
		m.scale[class], m.slope[class] = 0.001, 1
	}
	return m
}

func BenchmarkScore(b *testing.B) {
	wish := "a walk through a cedar forest after the rain, with wet moss, a little smoke of birch tar and one orange that somebody peels; "
	m := random(1)
	for _, size := range []struct {
		name  string
		bytes int
	}{{"27B", 27}, {"300B", 300}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}} {
		text := strings.Repeat(wish, size.bytes/len(wish)+1)[:size.bytes]
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				m.Score(text)
			}
		})
	}
}

func weightsOf(m *Model, bucket int) uint32 {
	if bucket < len(m.chars) {
		return m.chars[bucket]
	}
	return m.words[bucket-len(m.chars)]
}

func TestScoreIsWhatTheDefinitionSays(t *testing.T) {
	m := random(2)
	rng := rand.New(rand.NewPCG(3, 0))
	alphabet := []string{"a", "b", "rose ", " ", "é", "漢", "😀", "\xff", "-", "1", "。", "\x00", "xyzzyxyzzyxyzzy"}
	for range 2000 {
		var text strings.Builder
		for range rng.IntN(300) {
			text.WriteString(alphabet[min(rng.IntN(len(alphabet)), rng.IntN(len(alphabet)))])
		}
		alike(t, m, text.String())
	}
}

func alike(t *testing.T, m *Model, text string) {
	t.Helper()
	got, want := m.Score(text), slow(m, text)
	for class := range got {
		// Two windows may be as bad as each other, so the spans may differ.
		if math.Abs(got[class].Probability-want[class].Probability) > 1e-9 || !isWindow(text, got[class]) {
			t.Fatalf("%q: %v: got %v, want %v", text, Class(class), got[class], want[class])
		}
	}
}

// isWindow reports whether a score is of a window of the text.
func isWindow(text string, score Score) bool {
	stretches := Stretches(text)
	for _, at := range Windows(len(stretches)) {
		if score.Start == stretches[at[0]].Start && score.End == stretches[at[1]-1].End {
			return true
		}
	}
	return text == "" && score.Start == 0 && score.End == 0
}

func FuzzScore(f *testing.F) {
	for _, text := range []string{"", "oud", "a  b", "漢字かな。 é", "\xff\x00", strings.Repeat("x", 500), strings.Repeat("rose and cedar, ", 40)} {
		f.Add(text)
	}
	m := random(4)
	f.Fuzz(func(t *testing.T, text string) { alike(t, m, text) })
}

func TestWindowsCoverTheText(t *testing.T) {
	text := strings.Repeat("rose and cedar 漢字 ", 100) + strings.Repeat("x", 1000)
	end := 0
	for _, s := range Stretches(text) {
		if s.Start < end || strings.Trim(text[end:s.Start], " ") != "" {
			t.Errorf("a stretch begins at %d, after one that ends at %d", s.Start, end)
		}
		if s.End-s.Start > unbroken+3 {
			t.Errorf("a stretch has %d bytes", s.End-s.Start)
		}
		end = s.End
	}
	if end != len(text) {
		t.Errorf("the stretches end at %d of %d", end, len(text))
	}
}
