package engine

import (
	"errors"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

func atLeast(x float64) Range { return Range{Min: &x} }
func atMost(x float64) Range  { return Range{Max: &x} }

func TestFilterNamesWhatAMoleculeDoesNotKeepTo(t *testing.T) {
	const vanillin = "COc1cc(C=O)ccc1O"
	profile := odor.Profile{{Descriptor: "vanilla", Weight: 1}, {Descriptor: "sweet", Weight: 0.6}}
	tests := []struct {
		name    string
		request Request
		want    Withheld // zero where it passes
	}{
		{"nothing is demanded", Request{}, Withheld{}},
		{"light enough", Request{Constraints: Constraints{Weight: atMost(152.2)}}, Withheld{}},
		{"too heavy", Request{Constraints: Constraints{Weight: atMost(152)}}, Withheld{Constraint, "molecular_weight", 1}},
		{"too light", Request{Constraints: Constraints{Weight: atLeast(153)}}, Withheld{Constraint, "molecular_weight", 1}},
		{"lipophilic enough", Request{Constraints: Constraints{LogP: atLeast(1)}}, Withheld{}},
		{"not lipophilic enough", Request{Constraints: Constraints{LogP: atLeast(3)}}, Withheld{Constraint, "logp", 1}},
		{"boils late enough", Request{Constraints: Constraints{BoilingPoint: atLeast(200)}}, Withheld{}},
		{"boils too late", Request{Constraints: Constraints{BoilingPoint: atMost(100)}}, Withheld{Constraint, "boiling_point", 1}},
		{"has what it must", Request{Constraints: Constraints{Must: []string{"vanilla", "sweet"}}}, Withheld{}},
		{"lacks one of what it must", Request{Constraints: Constraints{Must: []string{"vanilla", "musk"}}}, Withheld{Constraint, "must", 1}},
		{"has not what it must not", Request{Constraints: Constraints{MustNot: []string{"musk"}}}, Withheld{}},
		{"has what it must not", Request{Constraints: Constraints{MustNot: []string{"musk", "sweet"}}}, Withheld{Constraint, "must_not", 1}},
		{"contains the scaffold", Request{Scaffold: chemtest.Parse(t, "COc1ccccc1O")}, Withheld{}},
		{"does not contain the scaffold", Request{Scaffold: chemtest.Parse(t, "C1CCCCC1")}, Withheld{Constraint, "scaffold", 1}},
		{"like another", Request{Like: chemtest.Parse(t, "CCOc1cc(C=O)ccc1O")}, Withheld{}},
		{"the very one to resemble", Request{Like: chemtest.Parse(t, "O=Cc1ccc(O)c(OC)c1")}, Withheld{Duplicate, "like", 1}},
		{"safe enough", Request{Constraints: Constraints{MinSafety: new(float64)}}, Withheld{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			filter, err := NewFilter(tt.request)
			if err != nil {
				t.Fatal(err)
			}
			got := Withheld{}
			if _, withheld := filter.Check(chemtest.Parse(t, vanillin), profile); withheld != nil {
				got = *withheld
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A scaffold is a plain SMILES: its hydrogens are places for substituents and
// its stereo does not matter.
func TestScaffoldsAreReadAsSubstructures(t *testing.T) {
	tests := []struct {
		scaffold, molecule string
		want               bool
	}{
		{"C[C@H](O)C", "CC[C@@](C)(O)C", true},
		{"c1cc[nH]c1", "CC(=O)c1cccn1C", true},
		{"C1=CC=CC=C1", "CCc1ccccc1", true}, // aromatic whichever way it is written
		{"CC(=O)[O-]", "CC(=O)O", false},
		{"C/C=C/C", "C/C=C\\CC", true},
		{"C1CCCCC1", "Cc1ccccc1", false},
		{"[13CH4]", "CC", false},
		{"CO.CS", "COCCSC", true},
	}
	for _, tt := range tests {
		filter, err := NewFilter(Request{Scaffold: chemtest.Parse(t, tt.scaffold)})
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.Keeps(chemtest.Parse(t, tt.molecule), nil) == nil; got != tt.want {
			t.Errorf("%s in %s: %v", tt.scaffold, tt.molecule, got)
		}
	}
}

func TestEveryOdorantIsASubstructureOfItself(t *testing.T) {
	library, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range library.Odorants() {
		pattern, err := substructure(o.Structure)
		if err != nil || !pattern.Matches(o.Structure) {
			t.Errorf("%s: %v", o.Name, err)
		}
	}
}

func TestFilterWithholdsWhatTheScreenSpeaksAgainst(t *testing.T) {
	prohibited := safety.Assessment{Score: 0, Findings: []safety.Finding{{ID: "nerve-agent", Severity: safety.Prohibitive}}}
	warned := safety.Assessment{Score: 0.4, Findings: []safety.Finding{{ID: "acrylate", Severity: safety.Warning}}}
	low, high := 0.3, 0.9
	tests := []struct {
		name       string
		least      *float64
		assessment safety.Assessment
		want       Withheld
	}{
		{"no findings", &high, safety.Assessment{Score: 1}, Withheld{}},
		{"under the default", nil, warned, Withheld{Unsafe, "acrylate", 1}},
		{"over a lower threshold", &low, warned, Withheld{}},
		{"prohibited whatever the threshold", new(float64), prohibited, Withheld{Restricted, "nerve-agent", 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			filter, err := NewFilter(Request{Constraints: Constraints{MinSafety: tt.least}})
			if err != nil {
				t.Fatal(err)
			}
			got := Withheld{}
			if w := filter.Passes(tt.assessment); w != nil {
				got = *w
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestNobodyCanAskForWhatResemblesAHazard(t *testing.T) {
	phenylacetone := chemtest.Parse(t, "CC(=O)Cc1ccccc1")
	for field, request := range map[string]Request{
		"like":     {Like: phenylacetone},
		"scaffold": {Scaffold: phenylacetone},
	} {
		_, err := NewFilter(request)
		if unsuitable, ok := errors.AsType[*UnsuitableError](err); !ok || unsuitable.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := NewFilter(Request{Scaffold: chemtest.Parse(t, "c1ccccc1"), Like: chemtest.Parse(t, "CC(=O)CCc1ccccc1")}); err != nil {
		t.Error(err)
	}
}
