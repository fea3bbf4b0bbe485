package main

import (
	"strings"
	"testing"
)

func TestEachLineIsDrawnWithItsCaption(t *testing.T) {
	var out strings.Builder
	err := run(strings.NewReader("CCO ethanol\n\nCC(=O)OCC\tethyl acetate\nO\n"), &out, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">ethanol</text>", ">ethyl acetate</text>", "<title>3 structures</title>"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestBadLinesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"CCO\nC1CC ring": "line 2: ",
		"":               "no molecule",
	} {
		err := run(strings.NewReader(text), &strings.Builder{}, 2)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}
