package fragrance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
)

func library(t testing.TB) *odor.Library {
	t.Helper()
	l, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func known(l *odor.Library) []Odorant {
	var odorants []Odorant
	for _, o := range l.Odorants() {
		odorants = append(odorants, Odorant{Structure: o.Structure, Name: o.Name, Profile: o.Profile, Note: o.Note})
	}
	return odorants
}

func brief(t testing.TB, l *odor.Library, prompt string, count int) Brief {
	t.Helper()
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		t.Fatal(err)
	}
	return Brief{Wanted: interpreter.Interpret(prompt), Count: count, Rarity: l.Rarity}
}

func rows(f Formula) []Row {
	var rows []Row
	for _, a := range f.Accords {
		rows = append(rows, a.Rows...)
	}
	return rows
}

// odorant is a made-up candidate.
func odorant(t testing.TB, smiles string, note odor.Note, descriptors ...string) Odorant {
	t.Helper()
	m, err := chem.Parse(smiles)
	if err != nil {
		t.Fatal(err)
	}
	o := Odorant{Structure: m, Name: smiles, Note: note}
	for i, d := range descriptors {
		o.Profile = append(o.Profile, odor.Weighted{Descriptor: d, Weight: 1 - 0.15*float64(i)})
	}
	return o
}

func wanting(descriptors ...string) Brief {
	b := Brief{Count: 3, Rarity: func(string) float64 { return 1 }}
	for _, d := range descriptors {
		b.Wanted.Descriptors = append(b.Wanted.Descriptors, odor.Wanted{Descriptor: d, Weight: 1})
	}
	return b
}

func TestFormulasOfTheLibrary(t *testing.T) {
	l := library(t)
	for _, prompt := range []string{
		"fresh citrus over wet cedar", "rose and oud with saffron", "vanilla", "musk", "sea breeze and white flowers, no musk",
		"top notes of bergamot and lemon, heart of jasmine and rose, base of sandalwood and amber",
	} {
		for _, count := range []int{3, 9, 20} {
			t.Run(fmt.Sprint(prompt, count), func(t *testing.T) {
				b := brief(t, l, prompt, count)
				f := Compose(known(l), b)
				checkFormula(t, f, b)
			})
		}
	}
}

// checkFormula holds for every formula.
func checkFormula(t rapid.TB, f Formula, b Brief) {
	t.Helper()
	all, sum, seen := rows(f), 0, map[string]bool{}
	if len(all) > b.Count {
		t.Errorf("%d odorants, want at most %d", len(all), b.Count)
	}
	for _, a := range f.Accords {
		inAccord := 0
		for _, r := range a.Rows {
			inAccord += r.Parts
			if r.Parts < 1 || len(r.Role) == 0 || r.Refused != "" || seen[r.Structure.SMILES()] {
				t.Errorf("row %+v", r)
			}
			if !r.Estimated && r.Note != a.Note {
				t.Errorf("%s is a %s note among the %s notes", r.Name, r.Note, a.Note)
			}
			seen[r.Structure.SMILES()] = true
		}
		if inAccord != a.Parts {
			t.Errorf("the %s rows add up to %d, not %d", a.Note, inAccord, a.Parts)
		}
		sum += a.Parts
	}
	if len(all) > 0 && sum != Parts {
		t.Errorf("the parts add up to %d", sum)
	}
}

func TestEveryWishIsCoveredWhereTheLibraryCan(t *testing.T) {
	l := library(t)
	f := Compose(known(l), brief(t, l, "citrus, rose, cedar and vanilla", 8))
	for _, c := range f.Coverage {
		if c.Weight < 0.5 {
			t.Errorf("%s is covered by %.2f", c.Descriptor, c.Weight)
		}
	}
}

func TestAnAccordIsEmptyWhereNothingFits(t *testing.T) {
	f := Compose([]Odorant{odorant(t, "CCO", odor.Base, "musk")}, wanting("musk"))
	if len(f.Accords) != 3 || len(f.Accords[0].Rows) != 0 || f.Accords[0].Parts != 0 {
		t.Errorf("accords %+v", f.Accords)
	}
	if base := f.Accords[2]; base.Note != odor.Base || base.Parts != Parts {
		t.Errorf("the base has %+v", base)
	}
}

func TestNothingFits(t *testing.T) {
	f := Compose([]Odorant{odorant(t, "CCO", odor.Base, "musk")}, wanting("rose"))
	if len(rows(f)) != 0 || f.Coverage[0].Weight != 0 {
		t.Errorf("formula %+v", f)
	}
}

func TestRefusedOdorantsAreNamedNotUsed(t *testing.T) {
	bad := odorant(t, "CCO", odor.Base, "musk")
	bad.Refused = "nitro musk"
	unrelated := odorant(t, "CCS", odor.Base, "garlic")
	unrelated.Refused = "thiol"
	f := Compose([]Odorant{bad, unrelated, odorant(t, "CCC", odor.Base, "musk", "sweet")}, wanting("musk"))
	if len(rows(f)) != 1 || rows(f)[0].Name != "CCC" {
		t.Errorf("rows %+v", rows(f))
	}
	if len(f.Refused) != 1 || f.Refused[0].Refused != "nitro musk" {
		t.Errorf("refused %+v, want the one that would have suited", f.Refused)
	}
}

func TestExcludedDescriptorsAndOdorantsAreLeftOut(t *testing.T) {
	b := wanting("rose")
	b.Wanted.Excluded = []odor.Weighted{{Descriptor: "musk", Weight: 1}}
	b.Wanted.ExcludedOdorants = []string{"CCC"}
	f := Compose([]Odorant{
		odorant(t, "CCO", odor.Base, "rose", "musk"), odorant(t, "CCC", odor.Base, "rose"), odorant(t, "CCN", odor.Base, "rose"),
	}, b)
	if len(rows(f)) != 1 || rows(f)[0].Name != "CCN" {
		t.Errorf("rows %+v", rows(f))
	}
}

func TestNamedOdorantsComeFirst(t *testing.T) {
	b := wanting("rose")
	b.Count, b.Wanted.Odorants = 1, []string{"CCO"}
	f := Compose([]Odorant{odorant(t, "CCC", odor.Base, "rose"), odorant(t, "CCO", odor.Base, "sweet", "rose")}, b)
	if len(rows(f)) != 1 || rows(f)[0].Name != "CCO" {
		t.Errorf("rows %+v", rows(f))
	}
}

// The second odorant brings what the first does not, though another is
// stronger.
func TestChoiceIsComplementary(t *testing.T) {
	b := wanting("rose", "cedar")
	b.Count = 2
	f := Compose([]Odorant{
		odorant(t, "CCO", odor.Heart, "rose"), odorant(t, "CCN", odor.Heart, "rose"), odorant(t, "CCC", odor.Heart, "sweet", "cedar"),
	}, b)
	var names []string
	for _, r := range rows(f) {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"CCC", "CCN"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestWishesOfANoteEnlargeIt(t *testing.T) {
	l := library(t)
	top := func(prompt string) int { return Compose(known(l), brief(t, l, prompt, 9)).Accords[0].Parts }
	if plain, placed := top("lemon and cedar"), top("top notes of lemon and cedar"); placed <= plain {
		t.Errorf("the top has %d parts, and %d where the prompt asks for it", plain, placed)
	}
}

func TestNotesThatAreNotKnownFollowFromBoilingPoints(t *testing.T) {
	f := Compose([]Odorant{odorant(t, "CCOC(C)=O", "", "rose")}, wanting("rose"))
	if top := f.Accords[0]; len(top.Rows) != 1 || !top.Rows[0].Estimated {
		t.Errorf("top notes %+v", top)
	}
}

// The order in which odorants are given must not matter.
func TestAnOdorantWithoutANoteIsLeftOut(t *testing.T) {
	ion := odorant(t, "CC(=O)[O-]", "", "rose")
	b := wanting("rose")
	b.Wanted.Descriptors[0].Note = odor.Heart
	if got := rows(Compose([]Odorant{ion}, b)); len(got) != 0 {
		t.Errorf("rows %+v", got)
	}
}

func TestTheSameBriefHasTheSameFormula(t *testing.T) {
	l := library(t)
	b := brief(t, l, "green tea, jasmine and musk", 12)
	want := Compose(known(l), b)
	for seed := range uint64(5) {
		shuffled := known(l)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := Compose(shuffled, b)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Odorant{}, "Structure")); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(1e-3, 1), 1, 25).Draw(t, "weights")
		whole := rapid.IntRange(0, 1000).Draw(t, "whole")
		shares := divide(whole, weights)
		sum := 0
		for i, n := range shares {
			sum += n
			if n < 0 || n == 0 && whole >= len(weights) {
				t.Fatalf("share %d is %d of %d", i, n, whole)
			}
		}
		if sum != whole {
			t.Fatalf("shares %v add up to %d, not %d", shares, sum, whole)
		}
		for i := range weights {
			for j := range weights {
				if weights[i] > weights[j] && shares[i] < shares[j] {
					t.Fatalf("weights %v have the shares %v", weights, shares)
				}
			}
		}
	})
}

func TestAnyBriefHasASoundFormula(t *testing.T) {
	l := library(t)
	descriptors := l.Vocabulary().Descriptors()
	odorants := known(l)
	rapid.Check(t, func(t *rapid.T) {
		b := Brief{Count: rapid.IntRange(1, 20).Draw(t, "count"), Rarity: l.Rarity}
		for _, d := range rapid.SliceOfNDistinct(rapid.SampledFrom(descriptors), 1, 6, rapid.ID).Draw(t, "wanted") {
			note := rapid.SampledFrom([]odor.Note{"", odor.Top, odor.Heart, odor.Base}).Draw(t, "note")
			b.Wanted.Descriptors = append(b.Wanted.Descriptors, odor.Wanted{Descriptor: d, Weight: rapid.Float64Range(0.1, 2).Draw(t, "weight"), Note: note})
		}
		checkFormula(t, Compose(odorants, b), b)
	})
}
