package odor

import (
	"slices"
	"strings"
	"testing"
)

func library(t testing.TB) *Library {
	t.Helper()
	l, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLibraryHasEnoughOdorants(t *testing.T) {
	if n := len(library(t).Odorants()); n < 300 {
		t.Errorf("%d odorants, want at least 300", n)
	}
}

func TestOdorantsAreUniqueByNameAndStructure(t *testing.T) {
	names, structures := map[string]bool{}, map[string]string{}
	for _, o := range library(t).Odorants() {
		if name := strings.ToLower(o.Name); names[name] {
			t.Errorf("%s is there twice", o.Name)
		} else {
			names[name] = true
		}
		smiles := o.Structure.SMILES()
		if other, taken := structures[smiles]; taken {
			t.Errorf("%s and %s are the same molecule %s", other, o.Name, smiles)
		}
		structures[smiles] = o.Name
	}
}

func TestOdorantsAreInAlphabeticalOrder(t *testing.T) {
	sorted := slices.IsSortedFunc(library(t).Odorants(), func(a, b Odorant) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	if !sorted {
		t.Error("keep odorants.tsv sorted by name, so that a doublet is seen")
	}
}

func TestOdorantsAreSmallEnoughToSmell(t *testing.T) {
	for _, o := range library(t).Odorants() {
		if o.Structure.HeavyAtoms() > 22 || o.Structure.Components() != 1 {
			t.Errorf("%s: %d heavy atoms in %d parts", o.Name, o.Structure.HeavyAtoms(), o.Structure.Components())
		}
	}
}

// A top note is volatile, and volatility falls with weight.
func TestNotesArePlausibleForTheWeight(t *testing.T) {
	bounds := map[Note][2]float64{Top: {15, 200}, Heart: {84, 250}, Base: {110, 310}}
	sums, counts := map[Note]float64{}, map[Note]float64{}
	for _, o := range library(t).Odorants() {
		weight := o.Structure.Weight()
		if b := bounds[o.Note]; weight < b[0] || weight > b[1] {
			t.Errorf("%s weighs %.1f, which is not plausible for a %s note", o.Name, weight, o.Note)
		}
		sums[o.Note] += weight
		counts[o.Note]++
	}
	top, heart, base := sums[Top]/counts[Top], sums[Heart]/counts[Heart], sums[Base]/counts[Base]
	if top >= heart || heart >= base {
		t.Errorf("mean weights %.0f, %.0f, %.0f of top, heart and base do not rise", top, heart, base)
	}
}

// The formulas are known from elsewhere: what is computed from the SMILES of
// the table must give them.
func TestFormulasAgreeWithTheKnownOnes(t *testing.T) {
	known := map[string]string{
		"limonene": "C10H16", "vanillin": "C8H8O3", "muscone": "C16H30O", "Ambrox": "C16H28O", "Iso E Super": "C16H26O",
		"Galaxolide": "C18H26O", "Calone": "C10H10O3", "geosmin": "C12H22O", "indole": "C8H7N", "patchoulol": "C15H26O",
		"furfuryl mercaptan": "C5H6OS", "Rosacetol": "C10H9Cl3O2", "musk ketone": "C14H18N2O5", "cedrol": "C15H26O",
		"nootkatone": "C15H22O", "beta-damascenone": "C13H18O", "Evernyl": "C10H12O4", "Peonile": "C14H15N", "sotolone": "C6H8O3",
		"2-isobutyl-3-methoxypyrazine": "C9H14N2O", "Helvetolide": "C17H32O3", "methyl dihydrojasmonate": "C13H22O3",
		"alpha-santalol": "C15H24O", "rotundone": "C15H22O", "Maritima": "C16H23N", "coumarin": "C9H6O2", "menthol": "C10H20O",
	}
	seen := 0
	for _, o := range library(t).Odorants() {
		formula, ok := known[o.Name]
		if !ok {
			continue
		}
		seen++
		if got := o.Structure.Formula(); got != formula {
			t.Errorf("%s is %s, want %s", o.Name, got, formula)
		}
	}
	if seen != len(known) {
		t.Errorf("%d of %d molecules are in the library", seen, len(known))
	}
}

// Where mirror images or cis and trans smell differently, the table must tell
// them apart.
func TestStereoisomersAreKeptApart(t *testing.T) {
	structure := map[string]string{}
	for _, o := range library(t).Odorants() {
		structure[o.Name] = o.Structure.SMILES()
	}
	for _, pair := range [][2]string{{"(R)-carvone", "(S)-carvone"}, {"geraniol", "nerol"}, {"geranial", "neral"}, {"geranyl acetate", "neryl acetate"}} {
		if structure[pair[0]] == "" || structure[pair[0]] == structure[pair[1]] {
			t.Errorf("%s is %q, %s is %q", pair[0], structure[pair[0]], pair[1], structure[pair[1]])
		}
	}
}

func TestEveryDescriptorIsOfSomeOdorant(t *testing.T) {
	l := library(t)
	for _, descriptor := range l.Vocabulary().Descriptors() {
		if l.Rarity(descriptor) == 1 {
			t.Errorf("no odorant is %s: a prompt for it could find nothing", descriptor)
		}
	}
}

func TestProfilesFadeAndImplyBroaderDescriptors(t *testing.T) {
	v := library(t).Vocabulary()
	profile, err := parseProfile(v, []string{"lemon", "fresh", "green"})
	if err != nil {
		t.Fatal(err)
	}
	for descriptor, want := range map[string]float64{"lemon": 1, "fresh": 0.85, "green": 0.7, "citrus": 0.6, "musk": 0} {
		if got := profile.Strength(descriptor); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%s has strength %v, want %v", descriptor, got, want)
		}
	}
	if profile[0].Descriptor != "lemon" || profile[len(profile)-1].Descriptor != "citrus" {
		t.Errorf("the strongest is not first: %v", profile)
	}
}

func TestSimilarityIsBoundedAndSymmetric(t *testing.T) {
	odorants := library(t).Odorants()
	for i, a := range odorants {
		if s := a.Profile.Similarity(a.Profile); s != 1 {
			t.Errorf("%s is like itself by %v", a.Name, s)
		}
		b := odorants[(i*7+1)%len(odorants)]
		ab, ba := a.Profile.Similarity(b.Profile), b.Profile.Similarity(a.Profile)
		if ab < 0 || ab > 1 || ab-ba > 1e-12 || ba-ab > 1e-12 {
			t.Errorf("%s and %s: %v, the other way round %v", a.Name, b.Name, ab, ba)
		}
	}
	if s := (Profile{}).Similarity(nil); s != 0 {
		t.Errorf("empty profiles are alike by %v", s)
	}
}

func TestTablesWithMistakesAreRefused(t *testing.T) {
	v, err := loadVocabulary("citrus\t\t\nlemon\tcitrus\tlemony\n")
	if err != nil {
		t.Fatal(err)
	}
	vocabulary := func(table string) error { _, err := loadVocabulary(table); return err }
	odorants := func(table string) error { _, err := loadLibrary(v, table); return err }
	tests := []struct {
		name, table, want string
		load              func(string) error
	}{
		{"too few columns", "rose\tfloral\n", "vocabulary.tsv:1: 2 columns, want 3", vocabulary},
		{"descriptor twice", "rose\t\t\nrose\t\t\n", `vocabulary.tsv:2: "rose" is defined twice`, vocabulary},
		{"word with two meanings", "rose\t\trosy\nlilac\t\trosy\n", `vocabulary.tsv:2: "rosy" has two meanings`, vocabulary},
		{"unknown broader", "rose\tfloral\t\n", `unknown broader descriptor "floral"`, vocabulary},
		{"circle", "a\tb\t\nb\ta\t\n", "is broader than itself", vocabulary},
		{"unknown note", "x\tmid\tcitrus\tC\n", `note "mid"`, odorants},
		{"unknown descriptor", "x\ttop\trose\tC\n", `descriptor "rose"`, odorants},
		{"no descriptor", "x\ttop\t\tC\n", "no descriptors", odorants},
		{"descriptor twice in a profile", "x\ttop\tlemon,lemon\tC\n", "occurs twice", odorants},
		{"bad SMILES", "# note\nx\ttop\tcitrus\tC(\n", "odorants.tsv:2: x: reading its SMILES", odorants},
		{"phrase with two meanings", "lemony\tcitrus:1\n", "two meanings", v.loadAccords},
		{"phrase twice", "grove\tcitrus:1\ngrove\tlemon:1\n", `phrases.tsv:2: "grove" has two meanings`, v.loadAccords},
		{"phrase with an unknown descriptor", "grove\trose:1\n", `descriptor "rose"`, v.loadAccords},
		{"phrase with a weight over 1", "grove\tcitrus:2\n", "weight", v.loadAccords},
		{"phrase without a weight", "grove\tcitrus\n", "weight", v.loadAccords},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.load(tt.table); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestNoteDistance(t *testing.T) {
	if Top.Distance(Base) != 2 || Base.Distance(Top) != 2 || Heart.Distance(Base) != 1 || Top.Distance(Top) != 0 {
		t.Error("the distance between notes is not the number of steps")
	}
}
