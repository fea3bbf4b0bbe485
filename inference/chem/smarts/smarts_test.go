package smarts_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// reference holds what RDKit 2022.09 finds of one pattern in one molecule.
type reference struct {
	Pattern, SMILES string
	// Matches are the unique sets of atoms, each sorted.
	Matches [][]int
	// WithHydrogens counts the unique matches once every hydrogen is an atom.
	WithHydrogens int
}

func readReferences(t testing.TB) []reference {
	t.Helper()
	return chemtest.ReadReferences[reference](t, "testdata/reference.json", 200)
}

func TestFindsWhatTheRefereeFinds(t *testing.T) {
	for _, ref := range readReferences(t) {
		p, err := smarts.Compile(ref.Pattern)
		if err != nil {
			t.Errorf("%s: %v", ref.Pattern, err)
			continue
		}
		m := chemtest.Parse(t, ref.SMILES)
		got := p.Find(m, 0)
		for _, match := range got {
			slices.Sort(match)
		}
		slices.SortFunc(got, slices.Compare)
		if !slices.EqualFunc(got, ref.Matches, slices.Equal) {
			t.Errorf("%s in %s: %v, want %v", ref.Pattern, ref.SMILES, got, ref.Matches)
		}
		if p.Matches(m) != (len(ref.Matches) > 0) {
			t.Errorf("Matches disagrees with Find on %s in %s", ref.Pattern, ref.SMILES)
		}
		if n := len(smarts.NewTargetWithHydrogens(m).Find(p, 0)); n != ref.WithHydrogens {
			t.Errorf("%s in %s with hydrogens: %d matches, want %d", ref.Pattern, ref.SMILES, n, ref.WithHydrogens)
		}
	}
}

func TestMatchListsAtomsInTheOrderOfThePattern(t *testing.T) {
	m := chemtest.Parse(t, "NCC(=O)O")
	for pattern, want := range map[string][]int{
		"O=CCN":  {3, 2, 1, 0},
		"NCC=O":  {0, 1, 2, 3},
		"[OH]C":  {4, 2},
		"N.[OH]": {0, 4},
	} {
		if got := smarts.MustCompile(pattern).Find(m, 0); len(got) != 1 || !slices.Equal(got[0], want) {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}

func TestFindStopsAtItsLimit(t *testing.T) {
	m := chemtest.Parse(t, "CCCCCCCC")
	p := smarts.MustCompile("CC")
	for limit, want := range map[int]int{1: 1, 3: 3, 7: 7, 100: 7, 0: 7, -1: 7} {
		if got := p.Find(m, limit); len(got) != want {
			t.Errorf("limit %d: %d matches, want %d", limit, len(got), want)
		}
	}
}

func TestMatchesAtAsksForTheFirstAtom(t *testing.T) {
	target := smarts.NewTarget(chemtest.Parse(t, "CCO"))
	p := smarts.MustCompile("[CH2]O")
	for atom, want := range []bool{false, true, false} {
		if got := target.MatchesAt(p, atom); got != want {
			t.Errorf("atom %d: %t, want %t", atom, got, want)
		}
	}
}

func TestUnfoldedHydrogensFollowTheAtoms(t *testing.T) {
	target := smarts.NewTargetWithHydrogens(chemtest.Parse(t, "OC"))
	got := target.Find(smarts.MustCompile("[#1]O"), 0)
	if len(got) != 1 || !slices.Equal(got[0], []int{2, 0}) {
		t.Errorf("hydroxyl hydrogen: %v, want [[2 0]]", got)
	}
}

func TestHydrogenOfAHydrogenIsUnfolded(t *testing.T) {
	target := smarts.NewTargetWithHydrogens(chemtest.Parse(t, "[2HH]"))
	if got := target.Find(smarts.MustCompile("[2H][#1;H1]"), 0); len(got) != 1 || !slices.Equal(got[0], []int{0, 1}) {
		t.Errorf("hydrogen deuteride: %v, want [[0 1]]", got)
	}
}

func TestErrorsSayWhereAndWhat(t *testing.T) {
	_, err := smarts.Compile("[C@H](N)")
	if want := "SMARTS at byte 2: chirality is not supported"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestPatternRemembersItsText(t *testing.T) {
	if p := smarts.MustCompile("C.[$(CO)]"); p.String() != "C.[$(CO)]" || p.NumAtoms() != 2 {
		t.Errorf("%s with %d atoms", p, p.NumAtoms())
	}
}

func TestCompileSaysWhereThePatternIsWrong(t *testing.T) {
	for _, test := range []struct {
		pattern string
		pos     int
	}{
		{"", 0},
		{"C(", 2},
		{"C)", 1},
		{"(C)C", 0},
		{"C()C", 2},
		{"C((C))C", 2},
		{"C(.C)C", 2},
		{"C(C.)C", 4},
		{"CC-", 3},
		{"-C", 1},
		{"C..C", 2},
		{"C.", 2},
		{"C=.C", 2},
		{"C1", 1},
		{"C11", 2},
		{"C1C1", 3},
		{"C-1CC=1", 5},
		{"C%1", 1},
		{"[C", 2},
		{"[]", 1},
		{"[C&!]", 4},
		{"[,C]", 1},
		{"[&C]", 1},
		{"[C&&C]", 3},
		{"[C;]", 3},
		{"[ C]", 1},
		{"[X2e]", 3},
		{"[M]", 1},
		{"[#]", 1},
		{"[#119]", 1},
		{"[C:]", 3},
		{"[D1000]", 1},
		{"[C+1000]", 3},
		{"[H+1000]", 3},
		{"[1000C]", 1},
		{"[$C]", 2},
		{"[$(]", 3},
		{"[$(C]", 4},
		{"[$(C1)]", 4},
		{"[C@H]", 2},
		{"(C).(C)", 0},
		{"[^2]", 1},
		{"[D{1-2}]", 2},
		{"C-;C", 3},
		{"C!C", 2},
		{"CX", 1},
		{"Ç", 0},
		{strings.Repeat("C", smarts.MaxAtoms+1), smarts.MaxAtoms},
		{strings.Repeat("[$(", 100), 3*smarts.MaxDepth + 3},
		{"C" + strings.Repeat("(C", 100), 2*smarts.MaxDepth + 2},
		{strings.Repeat("*", smarts.MaxLength+1), smarts.MaxLength},
	} {
		_, err := smarts.Compile(test.pattern)
		syntax, ok := errors.AsType[*smarts.SyntaxError](err)
		if !ok {
			t.Errorf("%.40q: %v, want a syntax error", test.pattern, err)
			continue
		}
		if syntax.Pos != test.pos {
			t.Errorf("%.40q: %v, want byte %d", test.pattern, err, test.pos)
		}
	}
}

func TestMustCompilePanicsOnWhatCompileRefuses(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	smarts.MustCompile("C(")
}

// ladderane is a molecule with very many long paths: two chains of carbons,
// each atom bound to its partner in the other chain.
func ladderane(rungs int) string {
	up, down := "", "CC"
	for i := range rungs {
		ring := fmt.Sprintf("C%%%d", 10+i)
		up, down = up+ring, down+fmt.Sprintf("C%%%d", 9+rungs-i)
	}
	return up + down
}

// Without a bound each of these searches would outlast the tests' time.
func TestHopelessSearchesEnd(t *testing.T) {
	m := chemtest.Parse(t, ladderane(80))
	path := strings.Repeat("C", 60)
	for _, pattern := range []string{
		"C1" + path + "C1(C)(C)C", // no atom has four neighbours
		"[$(" + path + "N)]",
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			if found := smarts.MustCompile(pattern).Find(m, 0); len(found) > 0 {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestSearchGivenUpCountsAsMatch(t *testing.T) {
	t.Parallel()
	// Each way to place eight carbons has to be tried before the bond fails.
	m := chemtest.Parse(t, strings.Repeat("C", 600))
	p := smarts.MustCompile("C.C.C.C.C.C.C.C=*")
	if !p.Matches(m) {
		t.Error("a search that cannot end said that there is no match")
	}
	if found := p.Find(m, 0); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestOrderOfAtomsDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, ref := range readReferences(t) {
		shuffled := chemtest.Parse(t, chemtest.Parse(t, ref.SMILES).RandomSMILES(rng))
		if n := len(smarts.MustCompile(ref.Pattern).Find(shuffled, 0)); n != len(ref.Matches) {
			t.Errorf("%s in %s, shuffled to %s: %d matches, want %d", ref.Pattern, ref.SMILES, shuffled, n, len(ref.Matches))
		}
	}
}

func TestOneTargetAnswersManyPatterns(t *testing.T) {
	m := chemtest.Parse(t, "CC(=O)Oc1ccccc1C(=O)O")
	target := smarts.NewTarget(m)
	for range 2 { // what is remembered of the first round serves the second
		for pattern, want := range map[string]bool{
			"[$(C(=O)[OH])]": true, "[$(C(=O)N)]": false, "[!$(C(=O)O);CX3]": false, "c1ccccc1": true, "[$(c:c)]=O": false,
		} {
			if got := target.Matches(smarts.MustCompile(pattern)); got != want {
				t.Errorf("%s: %t, want %t", pattern, got, want)
			}
		}
	}
}

func TestAPatternServesManyGoroutines(t *testing.T) {
	p := smarts.MustCompile("[$([CX4][OH])]~[!$(C=O)]")
	var group sync.WaitGroup
	for n := range 8 {
		m := chemtest.Parse(t, strings.Repeat("C", n+1)+"O")
		group.Go(func() {
			for range 100 {
				if len(p.Find(m, 0)) == 0 {
					t.Error("no match")
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkMatches(b *testing.B) {
	m := chemtest.Parse(b, "CC(C)=CCCC(C)(C=C)OC(C)=O")
	p := smarts.MustCompile("[CX3;!R](=O)[OX2;!R][$([CX4]([#6])([#6])[#6])]")
	target := smarts.NewTarget(m)
	for b.Loop() {
		target.Matches(p)
	}
}
