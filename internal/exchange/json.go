package exchange

import "github.com/odordiff/odordiff/internal/strictjson"

// document is a parsed body.
type document struct {
	known     bool
	value     any
	canonical []byte
	err       error
}

// JSON returns the body as [strictjson.Parse] has it; an error is one of its
// [strictjson.Error]. [Exchange.Body] must have been called. The result is
// parsed once; it must not be changed.
func (x *Exchange) JSON() (any, error) {
	doc := x.document()
	return doc.value, doc.err
}

// Canonical returns the body in the form of [strictjson.Canonical]: two bodies
// that say the same have the same canonical bytes. The errors are those of
// [Exchange.JSON].
func (x *Exchange) Canonical() ([]byte, error) {
	doc := x.document()
	if doc.err == nil && doc.canonical == nil {
		doc.canonical, doc.err = strictjson.Canonical(x.body)
	}
	return doc.canonical, doc.err
}

func (x *Exchange) document() *document {
	if doc := &x.parsed; !doc.known {
		doc.known = true
		doc.value, doc.err = strictjson.Parse(x.body)
	}
	return &x.parsed
}
