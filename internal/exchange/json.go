package exchange

import "github.com/odordiff/odordiff/internal/strictjson"

// document is a parsed body.
type document struct {
	known bool
	value any
	err   error
}

// JSON returns the body as [strictjson.Parse] has it; an error is one of its
// [strictjson.Error]. [Exchange.Body] must have been called. The result is
// parsed once; it must not be changed.
func (x *Exchange) JSON() (any, error) {
	doc := &x.parsed
	if !doc.known {
		doc.known = true
		doc.value, doc.err = strictjson.Parse(x.body)
	}
	return doc.value, doc.err
}
