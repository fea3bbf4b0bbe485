package engine

import (
	"math"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/fingerprint"
)

// TestStaysCountsOrders compares with all the ways in which the ranks of a few
// samples can fall on those that are there and those to come.
func TestStaysCountsOrders(t *testing.T) {
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
				if got, want := stays(better, count, done, total), float64(good)/float64(all); math.Abs(got-want) > 1e-12 {
					t.Errorf("stays(%d, %d, %d, %d) = %g, want %g", better, count, done, total, got, want)
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
func of(score float64, bit int) candidate {
	c := candidate{Molecule: Molecule{Scores: Scores{Overall: score}, Known: &Known{}}}
	c.print = fingerprint.Bits{}
	c.print[bit%len(c.print)] = 1
	return c
}

func TestTheBestAreSettledBeforeAllAreThere(t *testing.T) {
	s := selection{count: 5}
	settled := []int{}
	for i, score := range []float64{0.3, 0.9, 0.2, 0.8, 0.7, 0.6, 0.5, 0.4, 0.95, 0.1, 0.05, 0.02} {
		s.add(of(score, i))
		settled = append(settled, len(s.settle(i+1, 12)))
	}
	if settled[0] != 0 || settled[1] != 0 {
		t.Errorf("settled too early: %v", settled)
	}
	if settled[3] != 1 || s.chosen[0].Scores.Overall != 0.9 {
		t.Errorf("of four of twelve the best is not settled: %v, first %g", settled, s.chosen[0].Scores.Overall)
	}
	ranked := s.ranked()
	for i, want := range []float64{0.95, 0.9, 0.8, 0.7, 0.6} {
		if ranked[i].Scores.Overall != want {
			t.Errorf("place %d: %g, want %g", i, ranked[i].Scores.Overall, want)
		}
	}
}

func TestWhatIsSettledStays(t *testing.T) {
	s := selection{count: 1}
	s.add(of(0.5, 0))
	if got := s.settle(1, 2); len(got) != 0 {
		t.Fatalf("one of two is settled: %v", got)
	}
	if got := s.settle(2, 2); len(got) != 1 {
		t.Fatalf("the only one is not settled: %v", got)
	}
	s.add(of(0.9, 1))
	if got := s.settle(3, 3); len(got) != 0 || len(s.ranked()) != 1 || s.ranked()[0].Scores.Overall != 0.5 {
		t.Errorf("after a better one: %v, %v", got, s.ranked())
	}
}
