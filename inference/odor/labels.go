package odor

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/odordiff/odordiff/inference/tsv"
)

//go:embed labels.tsv
var labelTable string

// labelSet is what the trained models call odors. Their labels are the words of
// the table that they were trained from; the descriptors are ours.
type labelSet struct {
	vocabulary *Vocabulary
	names      []string
	meant      []string         // the descriptor of each label, empty for none
	of         map[string][]int // of a descriptor, most frequent first
	near       map[string][]int // near a descriptor without one
}

// models is the labels of the built-in models, read once. The table is compiled
// in, so a mistake in it is a bug.
var models = sync.OnceValue(func() *labelSet {
	library, err := Default()
	if err != nil {
		panic(err)
	}
	set, err := loadLabels(library.Vocabulary(), labelTable)
	if err != nil {
		panic(err)
	}
	return set
})

// loadLabels reads a table of label, its descriptor ("-" for none) and the
// descriptors that it comes near.
func loadLabels(vocabulary *Vocabulary, table string) (*labelSet, error) {
	s := &labelSet{vocabulary: vocabulary, of: map[string][]int{}, near: map[string][]int{}}
	err := tsv.Rows("labels.tsv", table, 3, func(cells []string) error {
		return s.add(cells[0], strings.TrimPrefix(cells[1], "-"), list(cells[2]))
	})
	if err != nil {
		return nil, err
	}
	return s, s.check()
}

// add appends a label. Its descriptor is empty where it names no smell.
func (s *labelSet) add(name, descriptor string, near []string) error {
	if slices.Contains(s.names, name) {
		return fmt.Errorf("%q is there twice", name)
	}
	at := len(s.names)
	s.names, s.meant = append(s.names, name), append(s.meant, descriptor)
	if descriptor != "" {
		s.of[descriptor] = append(s.of[descriptor], at)
	}
	for _, other := range near {
		s.near[other] = append(s.near[other], at)
	}
	return nil
}

// check makes sure that the descriptors exist and that labels only come near
// those without one.
func (s *labelSet) check() error {
	for _, labels := range []map[string][]int{s.of, s.near} {
		for descriptor := range labels {
			if !s.vocabulary.Has(descriptor) {
				return fmt.Errorf("labels.tsv: descriptor %q is not in the vocabulary", descriptor)
			}
		}
	}
	for descriptor := range s.near {
		if len(s.of[descriptor]) > 0 {
			return fmt.Errorf("labels.tsv: %q has a label of its own", descriptor)
		}
	}
	return nil
}

// Labels returns the labels of the built-in models in the models' order, the
// most frequent of their training data first.
func Labels() []string { return slices.Clone(models().names) }

// LabelDescriptor returns the descriptor that label i means. ok is false for
// labels that name no smell, such as "pleasant" and "odorless".
func LabelDescriptor(i int) (descriptor string, ok bool) {
	descriptor = models().meant[i]
	return descriptor, descriptor != ""
}

// Predictable reports whether [ProfileOf] can give a descriptor: it has a
// label, or a narrower descriptor has one. Any other descriptor is known only
// of the library's odorants.
func Predictable(descriptor string) bool {
	s := models()
	return slices.ContainsFunc(s.meant, func(meant string) bool {
		return meant != "" && s.vocabulary.Implies(meant, descriptor)
	})
}

// climbShare is how much of a wish for a descriptor that the models have no
// label for goes to each broader one and to each label that comes near it:
// clove asks for spicy, fir for woody and pine.
const climbShare = 0.7

// LabelWeights says what an interpretation asks for in the models' labels: one
// weight a label, 0 for what the prompt does not speak of. Wanted weights reach
// up to [MaxWeight], excluded ones up to 1.
//
// Of several labels of one descriptor the most frequent one stands for it when
// it is wanted, and all of them when it is excluded. A wanted descriptor
// without a label gives 0.7 of its weight to the labels that come near it and
// to its broader descriptors, and so on up; an excluded one takes its narrower
// ones with it.
func LabelWeights(i Interpretation) (wanted, excluded []float32) {
	s := models()
	wanted, excluded = make([]float32, len(s.names)), make([]float32, len(s.names))
	for _, w := range i.Descriptors {
		s.want(wanted, w.Descriptor, w.Weight)
	}
	for _, e := range i.Excluded {
		s.exclude(excluded, e.Descriptor, e.Weight)
	}
	return wanted, excluded
}

func (s *labelSet) want(weights []float32, descriptor string, weight float64) {
	if labels := s.of[descriptor]; len(labels) > 0 {
		weights[labels[0]] = max(weights[labels[0]], float32(weight))
		return
	}
	for _, label := range s.near[descriptor] {
		weights[label] = max(weights[label], float32(weight*climbShare))
	}
	for _, broader := range s.vocabulary.terms[descriptor].broader {
		s.want(weights, broader, weight*climbShare)
	}
}

func (s *labelSet) exclude(weights []float32, descriptor string, weight float64) {
	for i, meant := range s.meant {
		if meant != "" && s.vocabulary.Implies(meant, descriptor) {
			weights[i] = max(weights[i], float32(weight))
		}
	}
}

// A predicted profile has the descriptors that are at least this probable, and
// this many of them at most, besides what they imply.
const (
	leastProbable  = 0.15
	longestProfile = 10
)

// ProfileOf turns the probabilities of the models' labels, one a label, into a
// profile: a descriptor has the largest probability of its labels, and a
// broader one at least that of its narrower ones. It is empty where nothing is
// probable.
func ProfileOf(probabilities []float64) Profile {
	s := models()
	strengths := map[string]float64{}
	for i, descriptor := range s.meant {
		if descriptor != "" {
			strengths[descriptor] = max(strengths[descriptor], probabilities[i])
		}
	}
	s.vocabulary.imply(strengths, 1)
	maps.DeleteFunc(strengths, func(_ string, strength float64) bool { return !(strength >= leastProbable) })
	profile := sortedProfile(strengths)
	if len(profile) <= longestProfile {
		return profile
	}
	kept := map[string]float64{}
	for _, w := range profile[:longestProfile] {
		kept[w.Descriptor] = w.Weight
	}
	// the cut may have parted a descriptor from an equally strong broader one
	s.vocabulary.imply(kept, 1)
	return sortedProfile(kept)
}
