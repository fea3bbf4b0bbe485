package engine

import (
	"testing"

	"github.com/odordiff/odordiff/inference/odor"
)

func TestOverallIsTheProductOfTheScoresThatApply(t *testing.T) {
	for _, tt := range []struct {
		name   string
		scores Scores
		want   float64
	}{
		{"a known odorant", Scores{Relevance: 0.5, Avoidance: 0.5}, 0.25},
		{"one that resembles another", Scores{Relevance: 0.5, Avoidance: 1, Likeness: new(0.5)}, 0.25},
		{"a new molecule", Scores{Relevance: 1, Avoidance: 1, Accessibility: new(0.5)}, 0.5},
		{"a new one that resembles another", Scores{Relevance: 1, Avoidance: 0.5, Likeness: new(0.5), Accessibility: new(0.5)}, 0.125},
		{"nothing like the one to resemble", Scores{Relevance: 1, Avoidance: 1, Likeness: new(0.0)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.scores.Overall(); got != tt.want {
				t.Errorf("got %g, want %g", got, tt.want)
			}
		})
	}
}

func TestANoteMatchesTheNearestOfThoseThatAreWanted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		note   odor.Note
		wanted []odor.Note
		want   float64
	}{
		{"none is wanted", odor.Top, nil, 1},
		{"any is wanted", odor.Top, []odor.Note{""}, 1},
		{"the note is not known", "", []odor.Note{odor.Top}, 1},
		{"the same", odor.Heart, []odor.Note{odor.Heart}, 1},
		{"the next one", odor.Heart, []odor.Note{odor.Base}, 0.6},
		{"the farthest", odor.Top, []odor.Note{odor.Base}, 0.3},
		{"the nearest of two", odor.Top, []odor.Note{odor.Base, odor.Heart}, 0.6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := NoteMatch(tt.note, tt.wanted...); got != tt.want {
				t.Errorf("got %g, want %g", got, tt.want)
			}
		})
	}
}
