package pattern

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIdentifiersThatAreWrittenApartAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"5 0 - 7 8 - 2":                         "cas 50-78-2 at 5 0 - 7 8 - 2",
		"like 5.0.-.7.8.-.2, airy":              "cas 50-78-2 at 5.0.-.7.8.-.2",
		"5\n0\n-\n7\n8\n-\n2":                   "cas 50-78-2 at 5\n0\n-\n7\n8\n-\n2",
		"5_0_-_7_8_-_2":                         "cas 50-78-2 at 5_0_-_7_8_-_2",
		"50 - 78 - 2 please":                    "cas 50-78-2 at 50 - 78 - 2",
		"50-\n78-2":                             "cas 50-78-2 at 50-\n78-2",
		"c l o s e t o 5 0 - 7 8 - 2 , s o f t": "cas 50-78-2 at 5 0 - 7 8 - 2",
		"C C ( = O ) O and rose":                "smiles CC(=O)O at C C ( = O ) O",
		"l i k e C C ( = O ) O C b u t":         "smiles CC(=O)OC at C C ( = O ) O C",
		"C.C.(.=.O.).O":                         "smiles CC(=O)O at C.C.(.=.O.).O",
		"C c 1 c c c c c 1":                     "smiles Cc1ccccc1 at C c 1 c c c c c 1",
		"a scent of C 1 0 H 1 6 O":              "formula C10H16O at C 1 0 H 1 6 O",
		"C10 H16 O S2 musk":                     "formula C10H16OS2 at C10 H16 O S2",
		"C 1 0 H 1 6 O P a n d":                 "formula C10H16OPa|C10H16OP at C 1 0 H 1 6 O P a",
		"I n C h I = 1 S / C H 2 O / c 1 - 2":   "inchi InChI=1S/CH2O/c1-2 at I n C h I = 1 S / C H 2 O / c 1 - 2",
	} {
		t.Run(text, func(t *testing.T) {
			found := FindSpread(text)
			if len(found) != 1 {
				t.Fatalf("%q has %+v", text, found)
			}
			s := found[0]
			if got := fmt.Sprintf("%s %s at %s", s.Kind, strings.Join(s.Readings, "|"), text[s.Start:s.End]); got != want {
				t.Errorf("%q is %q, want %q", text, got, want)
			}
		})
	}
}

func TestShortWordsAreNoIdentifier(t *testing.T) {
	for _, text := range []string{
		"I am in no way so old as he is.", "A B C D E F G", "notes a, b, c, d, e", "1 2 3 4 5 6 7", "5 0 - 7 8 - 3", "50 - 78 - 3", "2 - 3 - 4", "10 - 20 drops - 5",
		"U. S. A. is on", "so on, to be or not to be", "p. 5, 6, 7, 8", "- a - b - c -", "top - heart - base", "VI II IV IX", "n o o n", "x = a + b - c * d",
	} {
		if found := FindSpread(text); found != nil {
			t.Errorf("%q has %+v", text, found)
		}
	}
}

func TestOrdinaryPromptsHaveNothingWrittenApart(t *testing.T) {
	for _, text := range benign {
		if found := FindSpread(text); found != nil {
			t.Errorf("%q has %+v", text, found)
		}
	}
}

// TestAnIdentifierIsFoundHoweverItIsWrittenApart is the way there and back.
func TestAnIdentifierIsFoundHoweverItIsWrittenApart(t *testing.T) {
	identifiers := []string{"50-78-2", "78-70-6", "107-44-8", "CC(=O)Oc1ccccc1C(=O)O", "C[C@H]1CC[C@@H](C(C)C)CC1=O", "CCOP(=O)(F)OC", "C10H16O", "C11H26NO2PS"}
	rapid.Check(t, func(t *rapid.T) {
		identifier := rapid.SampledFrom(identifiers).Draw(t, "identifier")
		gap := rapid.SampledFrom([]string{" ", "\n", ".", "_", "|", ", "}).Draw(t, "gap")
		written := strings.Join(strings.Split(identifier, ""), gap)
		before := rapid.SampledFrom([]string{"", "a soft rose with ", "musk:\n"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " and cedar", "\nplease"}).Draw(t, "after")
		text := before + written + after
		for _, s := range FindSpread(text) {
			if slices.Contains(s.Readings, identifier) && s.Start == len(before) && strings.HasPrefix(text[s.Start:s.End], written) {
				return
			}
		}
		t.Fatalf("%q: %+v", text, FindSpread(text))
	})
}

// What is left out of a text's gaps would have given nothing.
func TestSpreadsBeginAtGapsThatOthersFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-c1-]{0,5}[ .,;-]){0,60}`).Draw(t, "text")
		g := gaps{text: text}
		for i, next := 0, g.next(0); i < len(text); i++ {
			if i == next {
				next = g.next(i + 1)
			} else if isGap(text[i]) && (text[i] == '-' || gapsFollow(text, i)) {
				t.Fatalf("%q: the gap at %d is left out", text, i)
			}
		}
	})
}

func FuzzFindSpread(f *testing.F) {
	for _, seed := range []string{"5 0 - 7 8 - 2", "50 - 78 - 2", "C C ( = O ) O", "C.4.H.1.0", "I n C h I = 1 / C", "- - - - -", ". . . .", "C 1 C 1 C 1 C 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := FindSpread(text)
		if len(found) > MaxSpreads {
			t.Fatalf("%+q has %d", text, len(found))
		}
		for _, s := range found {
			checkSpread(t, text, s)
		}
	})
}

// checkSpread checks that a reading is what stands there, without some bytes.
func checkSpread(t *testing.T, text string, s Spread) {
	t.Helper()
	if s.Start < 0 || s.End <= s.Start || s.End > len(text) || len(s.Readings) == 0 || len(s.Readings) > cuts {
		t.Fatalf("%+q has %+v", text, s)
	}
	for _, reading := range s.Readings {
		rest := reading
		for i := s.Start; i < s.End && rest != ""; i++ {
			if text[i] == rest[0] {
				rest = rest[1:]
			}
		}
		if rest != "" || reading[0] != text[s.Start] {
			t.Fatalf("%+q at %d-%d of %+q", reading, s.Start, s.End, text)
		}
	}
}

func TestLookingForNothingWrittenApartCostsNoMemory(t *testing.T) {
	const text = "A Fresh citrus over wet cedar, with 2 drops of musk, rose & amber (not too sweet)."
	if n := testing.AllocsPerRun(10, func() { FindSpread(text) }); n > 0 {
		t.Errorf("%v objects", n)
	}
}

func BenchmarkFindSpread(b *testing.B) {
	const sentence = "A Fresh citrus over wet cedar, with 2 drops of musk, rose & amber (not too sweet). "
	for _, size := range []int{300, 4 << 10, 64 << 10} {
		for name, unit := range map[string]string{"ordinary": sentence, "gaps": ". - ", "branches": "C ( ", "numbers": "5 0 - 7 8 - 3 ", "rings": "C 1 C 2 ", "formulas": "C 4 H a ", "hyphens": "12 - "} {
			text := strings.Repeat(unit, size/len(unit)+1)[:size]
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					FindSpread(text)
				}
			})
		}
	}
}
