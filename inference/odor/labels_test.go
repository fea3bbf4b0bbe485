package odor

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLabelsOfEnoughDescriptorsAreKnown(t *testing.T) {
	covered := 0
	for i := range Labels() {
		if _, ok := LabelDescriptor(i); ok {
			covered++
		}
	}
	if covered < 120 {
		t.Errorf("%d labels mean a descriptor, want at least 120", covered)
	}
}

// A label is an English word: a prompt of that word must be read as the
// descriptor that the label means.
func TestLabelsMeanWhatTheirWordsMean(t *testing.T) {
	in := interpreter(t)
	for i, label := range Labels() {
		want, ok := LabelDescriptor(i)
		if !ok {
			continue
		}
		if i := in.Interpret(label); len(i.Descriptors) == 0 || i.Descriptors[0].Descriptor != want {
			t.Errorf("label %q means %s, the prompt is read as %s", label, want, describe(i))
		}
	}
}

// weightOf is the weight of a named label.
func weightOf(t *testing.T, weights []float32, label string) float32 {
	t.Helper()
	i := slices.Index(Labels(), label)
	if i < 0 {
		t.Fatalf("there is no label %q", label)
	}
	return weights[i]
}

func TestLabelWeights(t *testing.T) {
	tests := []struct {
		name, prompt, label string
		wanted, excluded    float32
	}{
		{"a label of the same name", "very strong musk", "musk", 2, 0},
		{"a label of another name", "jasmine", "jasmin", 1, 0},
		{"a broader descriptor is implied", "lemon", "citrus", 0.4, 0},
		{"the most frequent of several labels", "chocolate", "cocoa", 1, 0},
		{"not the others", "chocolate", "chocolate", 0, 0},
		{"no label: the broader descriptor", "cloves", "spicy", 0.7, 0},
		{"no label: one that comes near", "fir", "pine", 0.7, 0},
		{"excluded", "rose, no chocolate", "cocoa", 0, 1},
		{"excluded by all its labels", "rose, no chocolate", "chocolate", 0, 1},
		{"narrower ones are excluded too", "rose, no citrus", "lemon", 0, 1},
		{"broader ones are not", "rose, no lemon", "citrus", 0, 0},
		{"a wish for less", "rose, not too sweet", "sweet", 0, 0.5},
		{"less of the broader is less of the narrower", "rose, not too sweet", "honey", 0, 0.5},
		{"labels that name no smell", "pleasant", "pleasant", 0, 0},
	}
	in := interpreter(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wanted, excluded := LabelWeights(in.Interpret(tt.prompt))
			if w, e := weightOf(t, wanted, tt.label), weightOf(t, excluded, tt.label); w != tt.wanted || e != tt.excluded {
				t.Errorf("%q gives %s the weights %v and %v, want %v and %v", tt.prompt, tt.label, w, e, tt.wanted, tt.excluded)
			}
		})
	}
}

// Whatever can be asked for must reach the models in some way.
func TestEveryDescriptorReachesALabel(t *testing.T) {
	for _, descriptor := range library(t).Vocabulary().Descriptors() {
		wanted, _ := LabelWeights(Interpretation{Descriptors: []Wanted{{Descriptor: descriptor, Weight: 1}}})
		if slices.Max(wanted) == 0 {
			t.Errorf("%s has no label, nor has a broader descriptor", descriptor)
		}
	}
}

// probabilities are 0 except for the named labels.
func probabilities(t *testing.T, of map[string]float64) []float64 {
	t.Helper()
	all := make([]float64, len(Labels()))
	for label, probability := range of {
		i := slices.Index(Labels(), label)
		if i < 0 {
			t.Fatalf("there is no label %q", label)
		}
		all[i] = probability
	}
	return all
}

func TestPredictable(t *testing.T) {
	for descriptor, want := range map[string]bool{"lemon": true, "jasmine": true, "citrus": true, "resinous": false, "clove": false, "": false} {
		if got := Predictable(descriptor); got != want {
			t.Errorf("%q is predictable: %v, want %v", descriptor, got, want)
		}
	}
	for i := range Labels() {
		if descriptor, ok := LabelDescriptor(i); ok && !Predictable(descriptor) {
			t.Errorf("%s has a label and is not predictable", descriptor)
		}
	}
}

func TestProfileOfProbabilities(t *testing.T) {
	profile := ProfileOf(probabilities(t, map[string]float64{"lemon": 0.8, "citrus": 0.3, "ozone": 0.2, "chocolate": 0.5, "cocoa": 0.6, "rose": 0.1, "odorless": 0.9}))
	want := Profile{{"citrus", 0.8}, {"lemon", 0.8}, {"chocolate", 0.6}, {"ozonic", 0.2}}
	if !slices.Equal(profile, want) {
		t.Errorf("profile %v, want %v", profile, want)
	}
	if profile := ProfileOf(probabilities(t, nil)); len(profile) != 0 {
		t.Errorf("where nothing is probable the profile is %v", profile)
	}
}

// A molecule must not be lemon and less citrus than that, whatever a model
// says.
func TestPredictedProfilesAreConsistentAndBounded(t *testing.T) {
	v := library(t).Vocabulary()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), len(Labels()), len(Labels())).Draw(t, "probabilities")
		profile := ProfileOf(p)
		if len(profile) > 2*longestProfile {
			t.Fatalf("%d descriptors", len(profile))
		}
		for i, w := range profile {
			if w.Weight < leastProbable || w.Weight > 1 || i > 0 && profile[i-1].Weight < w.Weight {
				t.Fatalf("strength %v of %s", w.Weight, w.Descriptor)
			}
			for _, broader := range v.Broader(w.Descriptor) {
				if profile.Strength(broader) < w.Weight {
					t.Fatalf("%s is %v, but %s is %v", w.Descriptor, w.Weight, broader, profile.Strength(broader))
				}
			}
		}
	})
}

func TestLabelTablesWithMistakesAreRefused(t *testing.T) {
	v, err := loadVocabulary("citrus\t\t\n")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, table, want string }{
		{"a label twice", "citrus\tcitrus\t\ncitrus\t-\t\n", "labels.tsv:2: \"citrus\" is there twice"},
		{"an unknown descriptor", "lemon\tlemon\t\n", `descriptor "lemon" is not in the vocabulary`},
		{"near an unknown descriptor", "citrus\tcitrus\tlemon\n", `descriptor "lemon" is not in the vocabulary`},
		{"near one with a label", "citrus\tcitrus\t\nlemony\t-\tcitrus\n", `"citrus" has a label of its own`},
		{"too few columns", "citrus\n", "1 columns, want 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := loadLabels(v, tt.table); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
