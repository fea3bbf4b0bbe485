package depict

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
)

// fontFamily names fonts whose letters have the same widths, those of
// letterWidths.
const fontFamily = "Arial, Helvetica, 'Liberation Sans', sans-serif"

// svgWriter writes SVG elements.
type svgWriter struct{ bytes.Buffer }

func (w *svgWriter) printf(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
}

// open begins a document.
func (w *svgWriter) open(width, height float64, title, description string) {
	w.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img">`,
		number(width), number(height), number(width), number(height))
	w.printf("<title>%s</title>", escape(title))
	if description != "" {
		w.printf("<desc>%s</desc>", escape(description))
	}
}

// draw writes a picture around a point, with bonds of a length in pixels.
func (w *svgWriter) draw(p *picture, length float64, middle complex128) {
	offset := (p.low + p.high) / 2
	place := func(q complex128) complex128 {
		q = scale(q-offset, length)
		return complex(real(middle)+real(q), imag(middle)-imag(q))
	}
	w.marks(p, length, place)
	w.lines(p, length, place)
	w.texts(p, length, place)
}

func (w *svgWriter) marks(p *picture, length float64, place func(complex128) complex128) {
	if len(p.marks) == 0 {
		return
	}
	w.printf(`<g stroke="#ffe08a" stroke-width="%s" stroke-linecap="round">`, number(0.55*length))
	for _, s := range p.marks {
		w.line(place(s.from), place(s.to))
	}
	w.printf("</g>")
}

func (w *svgWriter) lines(p *picture, length float64, place func(complex128) complex128) {
	w.printf(`<g stroke="%s" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round" fill="%s">`,
		ink, number(max(lineWidth*length, 0.5)), ink)
	for _, s := range p.strokes {
		switch {
		case s.wide == 0:
			w.line(place(s.from), place(s.to))
		case s.hashed:
			w.hash(s, place)
		default:
			across := scale(unit(s.to-s.from)*1i, s.wide/2)
			a, b, c := place(s.from), place(s.to+across), place(s.to-across)
			w.printf(`<path d="M%s %s %sZ"/>`, pair(a), pair(b), pair(c))
		}
	}
	w.printf("</g>")
}

func (w *svgWriter) hash(s stroke, place func(complex128) complex128) {
	n := max(int(distance(s.from, s.to)/hashSpacing), 3)
	w.printf(`<path d="`)
	for k := range n {
		t := (float64(k) + 1) / float64(n)
		middle := s.from + scale(s.to-s.from, t)
		across := scale(unit(s.to-s.from)*1i, s.wide/2*t)
		w.printf("M%s %s", pair(place(middle+across)), pair(place(middle-across)))
	}
	w.printf(`" fill="none" stroke-linecap="butt"/>`)
}

func (w *svgWriter) texts(p *picture, length float64, place func(complex128) complex128) {
	if len(p.labels) == 0 {
		return
	}
	w.printf(`<g font-family="%s" font-size="%s" fill="%s">`, fontFamily, number(fontSize*length), ink)
	for _, l := range p.labels {
		if p.monochrome || l.colour == ink {
			w.printf("<text>")
		} else {
			w.printf(`<text fill="%s">`, l.colour)
		}
		for _, piece := range l.pieces {
			at := place(piece.at)
			w.printf(`<tspan x="%s" y="%s"`, number(real(at)), number(imag(at)))
			if piece.small {
				w.printf(` font-size="%s"`, number(piece.size()*length))
			}
			w.printf(">%s</tspan>", escape(piece.text))
		}
		w.printf("</text>")
	}
	w.printf("</g>")
}

func (w *svgWriter) line(from, to complex128) {
	w.printf(`<path d="M%s %s"/>`, pair(from), pair(to))
}

func pair(p complex128) string { return number(real(p)) + "," + number(imag(p)) }

// number writes a coordinate to a hundredth of a pixel.
func number(x float64) string {
	x = math.Round(x*100) / 100
	if x == 0 {
		x = 0 // not -0
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func escape(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}
