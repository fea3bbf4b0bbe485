package decode

import (
	"strings"

	"github.com/odordiff/odordiff/internal/offset"
)

// Limits bounds what is made of one text, and says what to look for. A field of
// zero means its default.
type Limits struct {
	// Depth is how many encodings may be nested. Default: 3.
	Depth int
	// Layers is how many layers there may be. Default: 12.
	Layers int
	// Bytes is how long all layers may be together. Default: eight times the
	// text, and 4 KiB.
	Bytes int
	// Expired reports whether to give up. Default: never.
	Expired func() bool
	// Names are words by which a text shows that it is turned. Default: none.
	Names *Names
}

func (l Limits) withDefaults(text string) Limits {
	if l.Depth == 0 {
		l.Depth = 3
	}
	if l.Layers == 0 {
		l.Layers = 12
	}
	if l.Bytes == 0 {
		l.Bytes = 8*len(text) + 4<<10
	}
	if l.Expired == nil {
		l.Expired = func() bool { return false }
	}
	return l
}

// Layer is a text with what was encoded in it decoded.
type Layer struct {
	// Encoding names what was decoded, the outermost first: "base64",
	// "url+base64". The names are constants of this package.
	Encoding string
	// Text is the whole text with the encoded parts decoded in their places, or
	// those that are longer by themselves.
	Text string
	// Guess says that nothing shows that the text is written so. It is if the
	// layer has what only somebody who hides it would write.
	Guess bool

	origin offset.Map
	depth  int
}

// Origin returns the range of the text given to [Layers] that gave a range of
// the layer. It consists of whole characters of the encoding, such as four of
// base64.
func (l Layer) Origin(start, end int) (from, to int) { return l.origin.Origin(start, end) }

// The names of encodings.
const (
	URL             = "url"              // %73, %u0073
	HTML            = "html"             // &#115; &lt;
	Escape          = "escape"           // \x73 \u0073
	QuotedPrintable = "quoted-printable" // =73=61
	Base64          = "base64"           // of both alphabets
	Hex             = "hex"              // 736172, 0x73, 73 61 72
	Tags            = "tags"             // characters that do not show
	Spelled         = "spelled"          // s a r i n, s.a.r.i.n
	Leet            = "leet"             // s4r1n
	Doubled         = "doubled"          // ssaarriinn
	Rot13           = "rot13"
	Reversed        = "reversed"
)

// Layers returns what a text says in other writings, nothing for an ordinary
// one. The layers of the text itself come first, then what is encoded in them,
// and last what is only guessed of the text itself. Guesses count towards no
// limit: there are eight at most, of short texts only.
// Truncated reports whether there would have been more without the limits.
func Layers(text string, limits Limits) (layers []Layer, truncated bool) {
	seen := look(text, limits.Names)
	if !seen.suspicious() && !seen.guesses() {
		return nil, false
	}
	d := decoder{Limits: limits.withDefaults(text), text: text}
	if seen.suspicious() {
		d.expand(Layer{Text: text}, seen)
	}
	for i := 0; i < len(d.layers) && !d.truncated; i++ {
		layer := d.layers[i]
		if seen := look(layer.Text, nil); seen.suspicious() {
			d.expand(layer, seen)
		}
	}
	d.guess(seen)
	return d.layers, d.truncated
}

// decoder gathers layers.
type decoder struct {
	Limits
	text      string
	layers    []Layer
	truncated bool
}

// expand adds what is encoded in a layer, in every way that it may be.
func (d *decoder) expand(in Layer, seen survey) {
	for _, way := range []struct {
		apply bool
		do    func(*rewriter, survey)
	}{
		{seen.wraps(), unwrap},
		{seen.spelled(), joinSpelled},
		{seen.leet, readLeet},
		{seen.doubled, halve},
		{seen.rot13 >= leastRot13, turnRot13},
		{seen.reversed >= leastReversed, reverse},
		{seen.reversed >= leastReversed, reverseWords},
	} {
		if !way.apply || d.truncated {
			continue
		}
		if d.Expired() {
			d.truncated = true
			return
		}
		w := rewriter{text: in.Text}
		way.do(&w, seen)
		d.add(in, &w)
	}
}

// add keeps what was rewritten, unless it is nothing new, and long passages of
// it by themselves too, so that the words around them cannot outweigh them.
func (d *decoder) add(in Layer, w *rewriter) {
	if len(w.names) == 0 {
		return
	}
	if in.Encoding != "" {
		w.names = append([]string{in.Encoding}, w.names...)
	}
	text, at := w.finish()
	whole := Layer{Encoding: strings.Join(w.names, "+"), Text: text, origin: at.After(in.origin), depth: in.depth + 1}
	d.keep(whole)
	if len(w.passages) > 0 {
		apart := whole
		apart.Text, at = only(text, w.passages)
		apart.origin = at.After(whole.origin)
		d.keep(apart)
	}
}

// keep appends a layer, unless it is nothing new.
func (d *decoder) keep(layer Layer) {
	if layer.Text == d.text || d.has(layer.Text) {
		return
	}
	if layer.depth > d.Depth || len(d.layers) == d.Limits.Layers || len(layer.Text) > d.Bytes {
		d.truncated = true
		return
	}
	d.Bytes -= len(layer.Text)
	d.layers = append(d.layers, layer)
}

// has reports whether there is a layer with that text.
func (d *decoder) has(text string) bool {
	for _, layer := range d.layers {
		if layer.Text == text {
			return true
		}
	}
	return false
}
