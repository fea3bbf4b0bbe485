package depict

import (
	"fmt"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
)

// Entry is one cell of a sheet.
type Entry struct {
	Molecule *chem.Molecule
	// Caption stands below the molecule. Line feeds separate its lines, at most
	// maxCaptionLines; text that does not fit is left out.
	Caption string
	// Highlight lists atoms to be marked.
	Highlight []int
}

// Bounds and measures of a sheet, lengths in pixels.
const (
	MaxEntries = 1000
	MaxColumns = 20

	cellWidth       = 200
	drawingHeight   = 142
	captionSize     = 12
	captionLeading  = 16 // from line to line
	captionMargin   = 12 // below the last line
	maxCaptionLines = 4
	sheetBondLength = 22
)

// Sheet draws molecules in a grid, each with a caption below, as one SVG
// document. The error wraps ErrOptions if there are too many entries or
// columns, and ErrEmpty if there is nothing to draw.
func Sheet(entries []Entry, columns int) ([]byte, error) {
	switch {
	case len(entries) == 0:
		return nil, ErrEmpty
	case len(entries) > MaxEntries:
		return nil, fmt.Errorf("%w: %d entries, more than the %d allowed", ErrOptions, len(entries), MaxEntries)
	case columns < 1 || columns > MaxColumns:
		return nil, fmt.Errorf("%w: %d columns are not from 1 to %d", ErrOptions, columns, MaxColumns)
	}
	columns = min(columns, len(entries))
	rows := (len(entries) + columns - 1) / columns
	lines := 1
	for _, e := range entries {
		lines = max(lines, len(captionLines(e.Caption)))
	}
	cellHeight := drawingHeight + lines*captionLeading + captionMargin
	var w svgWriter
	w.open(float64(columns*cellWidth), float64(rows*cellHeight), fmt.Sprintf("%d structures", len(entries)), "")
	w.printf(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	for i, e := range entries {
		corner := complex(float64(i%columns*cellWidth), float64(i/columns*cellHeight))
		if err := w.cell(e, corner); err != nil {
			return nil, fmt.Errorf("drawing entry %d of the sheet: %w", i, err)
		}
	}
	w.printf("</svg>\n")
	return w.Bytes(), nil
}

// cell draws an entry in the cell with this upper left corner.
func (w *svgWriter) cell(e Entry, corner complex128) error {
	d, err := Layout(e.Molecule)
	if err != nil {
		return err
	}
	o := Options{
		BondLength: sheetBondLength, Highlight: e.Highlight,
		Width: cellWidth, Height: drawingHeight,
	}
	if err := o.check(len(d.Points)); err != nil {
		return err
	}
	p := d.picture(o)
	w.printf(`<g role="img"><title>%s</title>`, escape(e.Caption))
	w.draw(p, p.fit(o), corner+complex(o.Width, o.Height)/2)
	w.printf(`<g text-anchor="middle" font-family="%s" font-size="%d" fill="%s">`, fontFamily, captionSize, ink)
	for i, line := range captionLines(e.Caption) {
		w.printf(`<text x="%s" y="%s">%s</text>`, number(real(corner)+cellWidth/2),
			number(imag(corner)+drawingHeight+float64(i+1)*captionLeading), escape(shorten(line)))
	}
	w.printf("</g></g>")
	return nil
}

func captionLines(caption string) []string {
	lines := strings.Split(caption, "\n")
	return lines[:min(len(lines), maxCaptionLines)]
}

// shorten cuts a line of a caption to the width of a cell.
func shorten(caption string) string {
	width := 0.0
	for i, r := range caption {
		width += textWidth(string(r)) * captionSize
		if width > cellWidth-24 {
			return caption[:i] + "…"
		}
	}
	return caption
}
