package httpsig

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

const (
	// maxField is how many bytes each of the signature's fields may have.
	maxField = 4 << 10
	// maxComponents is how many components a signature may cover.
	maxComponents = 32
	// minNonce and maxNonce bound a nonce, in characters: 16 of them hold the 64
	// random bits that make a collision within a window unlikely.
	minNonce, maxNonce = 16, 256
)

// input is one member of Signature-Input (RFC 9421, section 4.1), not verified
// yet.
type input struct {
	components []string
	list       httpsfv.InnerList // as received, for the signature base

	created time.Time
	expires time.Time // zero where there is none
	keyID   string
	nonce   string
	alg     *string // nil where there is none
}

// received is a signature as it came with a request.
type received struct {
	input     input
	signature []byte
}

// Present reports whether a request has any signature field.
func Present(header http.Header) bool {
	return len(header.Values(fieldInput)) > 0 || len(header.Values(fieldSignature)) > 0
}

// parse reads the signature with the label from the fields. Without a label
// there must be exactly one signature, so that it is clear which one counts.
func parse(header http.Header, label string) (received, error) {
	if !Present(header) {
		return received{}, ErrMissing
	}
	inputs, err := dictionary(header, fieldInput)
	if err != nil {
		return received{}, err
	}
	signatures, err := dictionary(header, fieldSignature)
	if err != nil {
		return received{}, err
	}
	if label == "" {
		if len(inputs.Names()) != 1 {
			return received{}, fmt.Errorf("%w: %s has %d signatures, want one", ErrMalformed, fieldInput, len(inputs.Names()))
		}
		label = inputs.Names()[0]
	}
	return pair(inputs, signatures, label)
}

// pair returns the signature of the label with what it covers.
func pair(inputs, signatures *httpsfv.Dictionary, label string) (received, error) {
	described, ok := inputs.Get(label)
	if !ok {
		return received{}, fmt.Errorf("%w: labelled %q", ErrMissing, label)
	}
	list, ok := described.(httpsfv.InnerList)
	if !ok {
		return received{}, fmt.Errorf("%w: %s is not a list of components", ErrMalformed, fieldInput)
	}
	member, _ := signatures.Get(label)
	item, _ := member.(httpsfv.Item)
	signature, ok := item.Value.([]byte)
	if !ok {
		return received{}, fmt.Errorf("%w: %s has no byte sequence of the same label", ErrMalformed, fieldSignature)
	}
	in, err := parseInput(list)
	return received{input: in, signature: signature}, err
}

func dictionary(header http.Header, field string) (*httpsfv.Dictionary, error) {
	size := 0
	for _, value := range header.Values(field) {
		size += len(value)
	}
	if size > maxField {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrMalformed, field, maxField)
	}
	parsed, err := httpsfv.UnmarshalDictionary(header.Values(field))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not a structured dictionary", ErrMalformed, field)
	}
	return parsed, nil
}

func parseInput(list httpsfv.InnerList) (input, error) {
	in := input{list: list}
	if len(list.Items) > maxComponents {
		return in, fmt.Errorf("%w: it covers more than %d components", ErrMalformed, maxComponents)
	}
	for _, item := range list.Items {
		name, err := componentName(item)
		if err != nil {
			return in, err
		}
		if slices.Contains(in.components, name) {
			return in, fmt.Errorf("%w: component %q occurs twice", ErrMalformed, name)
		}
		in.components = append(in.components, name)
	}
	return in, in.parseParameters(list.Params)
}

func componentName(item httpsfv.Item) (string, error) {
	name, ok := item.Value.(string)
	if !ok || name == "" || name != strings.ToLower(name) {
		return "", fmt.Errorf("%w: a component is a string in lower case", ErrMalformed)
	}
	if parameters := item.Params.Names(); len(parameters) > 0 {
		return "", fmt.Errorf("%w: component %q has the parameter %q, which is not supported", ErrMalformed, name, parameters[0])
	}
	return name, nil
}

func (in *input) parseParameters(params *httpsfv.Params) error {
	p := parameters{params: params}
	in.created = p.time("created")
	in.expires = p.time("expires")
	in.keyID = p.text("keyid")
	in.nonce = p.text("nonce")
	if alg, present := p.text("alg"), p.has("alg"); present {
		in.alg = &alg
	}
	return p.err
}

// parameters reads typed parameters and keeps the first error.
type parameters struct {
	params *httpsfv.Params
	err    error
}

func (p *parameters) fail(name, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: its parameter %s is not %s", ErrMalformed, name, want)
	}
}

func (p *parameters) has(name string) bool {
	_, present := p.params.Get(name)
	return present
}

func (p *parameters) text(name string) string {
	value, present := p.params.Get(name)
	s, ok := value.(string)
	if present && !ok {
		p.fail(name, "a string")
	}
	return s
}

// time returns a parameter that is a time, or zero if it is absent.
func (p *parameters) time(name string) time.Time {
	value, present := p.params.Get(name)
	seconds, ok := value.(int64)
	if !present {
		return time.Time{}
	}
	if !ok || seconds < 0 {
		p.fail(name, "a number of seconds since 1970")
	}
	return time.Unix(seconds, 0)
}
