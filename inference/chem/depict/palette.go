package depict

import "github.com/odordiff/odordiff/inference/chem"

// ink is the colour of bonds and of elements without one of their own.
const ink = "#1a1a1a"

// elementColours follow the usual colours of atoms (Corey & Pauling, Rev. Sci.
// Instrum. 1953, 24, 621), darkened until each has a contrast of at least 4.5
// to 1 on white, as WCAG 2.2 asks of text.
var elementColours = map[chem.Element]string{
	chem.Boron:      "#a3542f",
	chem.Nitrogen:   "#2a4bd7",
	chem.Oxygen:     "#c8102e",
	9:               "#2e7d32", // fluorine
	chem.Phosphorus: "#b34700",
	chem.Sulfur:     "#806600",
	chem.Chlorine:   "#1b7a1b",
	chem.Selenium:   "#946000",
	chem.Bromine:    "#8c2d19",
	chem.Iodine:     "#6a1b9a",
}
