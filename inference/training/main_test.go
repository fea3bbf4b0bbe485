package main

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
)

func TestAnUnknownCommandNamesTheOthers(t *testing.T) {
	for _, args := range [][]string{nil, {"paint"}, {"known", "more"}} {
		err := run(t.Context(), args, strings.NewReader(""), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), "features, generate, interpret, known, sample") {
			t.Errorf("%q: error %v", args, err)
		}
	}
}

func TestEachCommandAnswersItsLines(t *testing.T) {
	for _, tt := range []struct{ command, in, want string }{
		{"interpret", "rose and qwertz\n", "qwertz\n"},
		{"generate", `{"prompt": "vanillin", "engine": "library", "count": 1}`, `"smiles":["COc1cc(C=O)ccc1O"],"known":[true],"nearest":[1],"scores":[1]`},
		{"generate", `{"prompt": "qwertz", "engine": "library", "count": 1}`, `"smiles":null`},
		{"sample", `{"labels": {"rose": 1}, "count": 2, "seed": 1, "steps": 2}`, `{"smiles":["`},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{tt.command}, strings.NewReader(tt.in), &out); err != nil {
			t.Errorf("%s: %v", tt.command, err)
		}
		if !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s of %s: %s, want %s in it", tt.command, tt.in, out.String(), tt.want)
		}
	}
}

func TestAMistakeNamesTheCommandAndTheLine(t *testing.T) {
	for _, tt := range []struct{ command, in, want string }{
		{"generate", "{}", "generate: answering line 1: there is no such engine"},
		{"sample", "{}\n[]", "sample: reading line 2"},
		{"known", "smiles\nno molecule", `known: reading "no molecule"`},
	} {
		err := run(t.Context(), []string{tt.command}, strings.NewReader(tt.in), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want %s in it", err, tt.want)
		}
	}
}

func TestKnownWritesEachKeyOnceInOrder(t *testing.T) {
	var out bytes.Buffer
	if err := known(t.Context(), strings.NewReader("smiles\tlabels\nCCO\tsweet\nC[C@H](O)F\t\nOCC\tsweet\n"), &out); err != nil {
		t.Fatal(err)
	}
	var want []uint64
	for _, smiles := range []string{"CCO", "CC(O)F"} {
		m, err := chem.Parse(smiles)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, diffusion.Key(m))
	}
	slices.Sort(want)
	got := make([]uint64, out.Len()/8)
	if err := binary.Read(&out, binary.LittleEndian, got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys %x, want %x", got, want)
	}
}
