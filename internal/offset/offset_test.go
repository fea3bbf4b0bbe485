package offset

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAMapLeadsBack(t *testing.T) {
	var b Builder
	b.Copy(5)       // "make "
	b.Skip(3)       // "   "
	b.Replace(1, 3) // "%73" is "s"
	b.Replace(1, 3) // "%61" is "a"
	b.Copy(3)       // "rin"
	b.Extend(2)     // a mark
	b.Replace(2, 1) // "&" is "+ "
	m := b.Map()
	for name, tc := range map[string]struct{ start, end, from, to int }{
		"what was copied":         {0, 4, 0, 4},
		"over what was skipped":   {4, 6, 4, 11},
		"one unit":                {6, 7, 11, 14},
		"a run of units":          {5, 7, 8, 14},
		"units and a copy":        {5, 10, 8, 19},
		"a unit that was widened": {9, 10, 16, 19},
		"before it":               {7, 9, 14, 16},
		"a part of a unit":        {11, 12, 19, 20},
		"all":                     {0, 12, 0, 20},
		"nothing":                 {6, 6, 11, 11},
	} {
		t.Run(name, func(t *testing.T) {
			if from, to := m.Origin(tc.start, tc.end); from != tc.from || to != tc.to {
				t.Errorf("%d-%d comes from %d-%d, want %d-%d", tc.start, tc.end, from, to, tc.from, tc.to)
			}
		})
	}
}

func TestTheZeroMapChangesNothing(t *testing.T) {
	var b Builder
	b.Copy(3)
	b.Replace(1, 1)
	for _, m := range []Map{{}, b.Map(), (*Builder)(nil).Map(), Map{}.After(Map{})} {
		if from, to := m.Origin(1, 4); from != 1 || to != 4 || len(m.pieces) > 0 {
			t.Errorf("1-4 comes from %d-%d by %v", from, to, m)
		}
	}
}

func TestAReversedRunLeadsBack(t *testing.T) {
	var b Builder
	b.Copy(2)    // "a "
	b.Reverse(5) // "niras"
	b.Copy(2)    // " b"
	m := b.Map()
	for _, tc := range []struct{ start, end, from, to int }{
		{2, 7, 2, 7}, {2, 3, 6, 7}, {6, 7, 2, 3}, {1, 3, 1, 7}, {5, 9, 2, 9}, {2, 2, 7, 7}, {0, 9, 0, 9},
	} {
		if from, to := m.Origin(tc.start, tc.end); from != tc.from || to != tc.to {
			t.Errorf("%d-%d comes from %d-%d, want %d-%d", tc.start, tc.end, from, to, tc.from, tc.to)
		}
	}
}

func TestMapsFollowOneAnother(t *testing.T) {
	var url, rev Builder
	url.Replace(1, 3)
	url.Copy(4)
	rev.Reverse(5)
	m := rev.Map().After(url.Map())
	for _, tc := range []struct{ start, end, from, to int }{{0, 1, 6, 7}, {4, 5, 0, 3}, {0, 5, 0, 7}, {3, 5, 0, 4}} {
		if from, to := m.Origin(tc.start, tc.end); from != tc.from || to != tc.to {
			t.Errorf("%d-%d comes from %d-%d, want %d-%d", tc.start, tc.end, from, to, tc.from, tc.to)
		}
	}
}

// TestAMapIsTheListOfItsBytes builds random maps beside a plain list that says
// for each byte of the result which range it has come from.
func TestAMapIsTheListOfItsBytes(t *testing.T) {
	type span struct{ from, to int }
	rapid.Check(t, func(t *rapid.T) {
		var b Builder
		var naive []span
		in := 0
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			n := rapid.IntRange(1, 4).Draw(t, "bytes")
			switch rapid.SampledFrom([]string{"copy", "replace", "skip", "reverse"}).Draw(t, "step") {
			case "copy":
				b.Copy(n)
				for i := range n {
					naive = append(naive, span{in + i, in + i + 1})
				}
			case "replace":
				out := rapid.IntRange(1, 4).Draw(t, "out")
				b.Replace(out, n)
				for i := range out {
					s := span{in, in + n}
					if out == n && n == 1 {
						s = span{in + i, in + i + 1}
					}
					naive = append(naive, s)
				}
			case "skip":
				b.Skip(n)
			case "reverse":
				b.Reverse(n)
				for i := range n {
					naive = append(naive, span{in + n - i - 1, in + n - i})
				}
			}
			in += n
		}
		m := b.Map()
		for start := range naive {
			want := naive[start]
			for end := start + 1; end <= len(naive); end++ {
				want = span{min(want.from, naive[end-1].from), max(want.to, naive[end-1].to)}
				if from, to := m.Origin(start, end); (span{from, to}) != want {
					t.Fatalf("%d-%d comes from %d-%d, want %v", start, end, from, to, want)
				}
			}
		}
	})
}
