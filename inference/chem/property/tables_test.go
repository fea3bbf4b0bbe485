package property

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestFragmentsAreAllThere(t *testing.T) {
	table, err := decodeFragments(fragmentFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.ids) != 705_292 || len(table.scores) != 3549 {
		t.Errorf("%d fragments with %d scores, want 705292 with 3549", len(table.ids), len(table.scores))
	}
	if !slices.IsSorted(table.ids) {
		t.Error("the identifiers are not in order")
	}
	// Two of RDKit's table, and one that it lacks.
	for id, want := range map[uint32]float64{910163969: -2.8254, 1306525701: -2.8254, 98765: rareFragment} {
		if got := table.score(id); math.Abs(got-want) > 1e-9 {
			t.Errorf("fragment %d: %v, want %v", id, got, want)
		}
	}
}

func TestDamagedFragmentsAreRefused(t *testing.T) {
	for what, damage := range map[string]func([]byte) []byte{
		"empty":             func([]byte) []byte { return nil },
		"another magic":     func(b []byte) []byte { b[0]++; return b },
		"another version":   func(b []byte) []byte { b[7]++; return b },
		"another checksum":  func(b []byte) []byte { b[8]++; return b },
		"cut short":         func(b []byte) []byte { return b[:len(b)/2] },
		"a bit of the body": func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
	} {
		if _, err := decodeFragments(damage(bytes.Clone(fragmentFile))); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestTablesThatDoNotReadAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"C1\tC\t[CH4]":            "3 fields, want 4",
		"C1\tC\t[CH4\t1":          "SMARTS at byte 4",
		"C1\tC\t[CH4]\tlittle":    "little",
		"C1\tC,Xx\t[CH4]\t0.1441": `no element "Xx"`,
	} {
		err := (&typing{}).add(strings.Split(line, "\t"), 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}
