package sampler

import (
	"math"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/engine"
)

// TestTheProbabilityOfStayingCountsOrders compares with all the ways in which
// the ranks of a few samples can fall on those that are there and those to
// come.
func TestTheProbabilityOfStayingCountsOrders(t *testing.T) {
	const total = 8
	for done := 1; done <= total; done++ {
		for better := range done {
			for count := better + 1; count <= total; count++ {
				good, all := 0, 0
				for there := range 1 << total { // bit i: the sample of rank i is there
					if ranks := ranksOf(there); len(ranks) == done {
						all++
						if ranks[better] < count {
							good++
						}
					}
				}
				if got, want := probabilityOfStaying(better, count, done, total), float64(good)/float64(all); math.Abs(got-want) > 1e-12 {
					t.Errorf("probabilityOfStaying(%d, %d, %d, %d) = %g, want %g", better, count, done, total, got, want)
				}
			}
		}
	}
}

func ranksOf(set int) []int {
	var ranks []int
	for rank := 0; set>>rank > 0; rank++ {
		if set>>rank&1 == 1 {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// of makes a candidate of a score that is like no other.
func of(score float64, bit int) *candidate {
	c := &candidate{Molecule: engine.Molecule{Scores: engine.Scores{Relevance: score, Avoidance: 1}, Known: &engine.Known{}}}
	c.bits[bit%len(c.bits)] = 1
	return c
}

func TestTheBestAreChosenBeforeAllAreThere(t *testing.T) {
	s := newSelection(5)
	chosen := []int{}
	for i, score := range []float64{0.3, 0.9, 0.2, 0.8, 0.7, 0.6, 0.5, 0.4, 0.95, 0.1, 0.05, 0.02} {
		s.add(of(score, i))
		chosen = append(chosen, len(s.commit(i+1, 12)))
	}
	if chosen[0] != 0 || chosen[1] != 0 {
		t.Errorf("chosen too early: %v", chosen)
	}
	if chosen[3] != 1 || s.chosen()[0].Scores.Overall() != 0.9 {
		t.Errorf("of four of twelve the best is not chosen: %v, first %g", chosen, s.chosen()[0].Scores.Overall())
	}
	ranked := s.ranked()
	for i, want := range []float64{0.95, 0.9, 0.8, 0.7, 0.6} {
		if ranked[i].Scores.Overall() != want {
			t.Errorf("place %d: %g, want %g", i, ranked[i].Scores.Overall(), want)
		}
	}
}

func TestWhatIsChosenStays(t *testing.T) {
	s := newSelection(1)
	s.add(of(0.5, 0))
	if got := s.commit(1, 2); len(got) != 0 {
		t.Fatalf("one of two is chosen: %v", got)
	}
	if got := s.commit(2, 2); len(got) != 1 {
		t.Fatalf("the only one is not chosen: %v", got)
	}
	s.add(of(0.9, 1))
	if got := s.commit(3, 3); len(got) != 0 || len(s.ranked()) != 1 || s.ranked()[0].Scores.Overall() != 0.5 {
		t.Errorf("after a better one: %v, %v", got, s.ranked())
	}
}

func TestCandidatesThatMeetTheSameAreAlike(t *testing.T) {
	linalool := &candidate{bits: engine.Fingerprint(chemtest.Parse(t, "C=CC(C)(O)CCC=C(C)C")), met: []float64{1, 0}}
	same := &candidate{bits: linalool.bits, met: []float64{1, 0}}
	other := &candidate{bits: linalool.bits, met: []float64{0, 1}}
	if got := alike(linalool, same); got != 1 {
		t.Errorf("the same: %g", got)
	}
	if got := alike(linalool, other); got != 0.5 {
		t.Errorf("of other smell: %g", got)
	}
}
