package chem

import (
	"slices"
	"strconv"
	"strings"
)

// Formula returns the molecular formula in Hill order (carbon, hydrogen, then
// the rest by symbol; all by symbol without carbon), isotopes merged, followed
// by the net charge if there is one: "C2H3O2-", "Ca+2".
func (m *Molecule) Formula() string {
	counts := map[string]int{}
	charge := 0
	for _, a := range m.atoms {
		counts[a.Element.String()]++
		if a.Hydrogens > 0 {
			counts["H"] += int(a.Hydrogens)
		}
		charge += int(a.Charge)
	}
	var text strings.Builder
	for _, symbol := range hillOrder(counts) {
		text.WriteString(symbol)
		if counts[symbol] > 1 {
			text.WriteString(strconv.Itoa(counts[symbol]))
		}
	}
	text.WriteString(chargeText(charge))
	return text.String()
}

func hillOrder(counts map[string]int) []string {
	symbols := make([]string, 0, len(counts))
	for symbol := range counts {
		symbols = append(symbols, symbol)
	}
	rank := func(symbol string) string {
		if counts["C"] > 0 && (symbol == "C" || symbol == "H") {
			return " " + symbol
		}
		return symbol
	}
	slices.SortFunc(symbols, func(a, b string) int { return strings.Compare(rank(a), rank(b)) })
	return symbols
}

// chargeText writes a charge as SMILES and formulas do: "+", "-2", "".
func chargeText(charge int) string {
	switch {
	case charge == 0:
		return ""
	case charge == 1:
		return "+"
	case charge == -1:
		return "-"
	case charge > 0:
		return "+" + strconv.Itoa(charge)
	}
	return strconv.Itoa(charge)
}
