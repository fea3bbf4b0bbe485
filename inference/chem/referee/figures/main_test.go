package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/referee"
)

func TestFiguresAnswersLinesInOrder(t *testing.T) {
	texts := []string{"CCO", "no molecule", "c1ccccc1", "O"}
	var out bytes.Buffer
	if err := figures(strings.NewReader(strings.Join(texts, "\n")+"\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(texts) {
		t.Fatalf("%d answers to %d lines", len(lines), len(texts))
	}
	for i, formula := range []string{"C2H6O", "", "C6H6", "H2O"} {
		var answer referee.Figures
		if err := json.Unmarshal([]byte(lines[i]), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Formula != formula || (answer.Error != "") != (formula == "") {
			t.Errorf("%s: %+v", texts[i], answer)
		}
	}
}

func TestWalksAreTheSameForOneSeed(t *testing.T) {
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := walk(out, 50, rand.New(rand.NewPCG(4, 0))); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() || strings.Count(first.String(), "\n") != 50 {
		t.Errorf("%q and %q", first.String(), second.String())
	}
}
