// Package exchange holds what one request carries through the gateway: its
// body, read once, what each module found out about it, and the response.
// Modules ask the exchange; none reads the body, parses JSON, invents a context
// key or wraps the response's writer for itself.
//
// An exchange belongs to one request and is used by one goroutine at a time,
// as the handlers of a request are.
package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// DefaultMaxBody is how many bytes of a body are read where nothing smaller is
// configured.
const DefaultMaxBody = 1 << 20

// ErrTooLarge says that a body is over the limit of bytes.
var ErrTooLarge = errors.New("body too large")

// Exchange is one request's way through the gateway.
type Exchange struct {
	// ClientIP is the client's address as Caddy determined it, without a port.
	ClientIP string
	// Principal is who sent the request; nil before authentication and for
	// anonymous requests.
	Principal *Principal
	// Prompts are the texts that a policy judges; set by the policy module.
	Prompts []Prompt
	// Decision is the policy's; nil before it is made.
	Decision *Decision
	// Limits are the states of the limits that this request was charged to, in
	// order.
	Limits []LimitState
	// ServedBy is the rung of the ladder that answered: empty before an answer.
	ServedBy string
	// Upstream is the address of the upstream that was tried last; empty before
	// that.
	Upstream string
	// Refused is the name of the problem that the request was refused with, once
	// that is recorded; empty before.
	Refused string
	// Attempts is how many times an upstream was tried so far.
	Attempts int
	// TraceID is the id of the trace that the request belongs to, 32 hexadecimal
	// digits; empty where there is no collector of traces.
	TraceID string
	// Timings are how long the parts took; nil where nobody wants to know.
	Timings *Timings
	// Response is what the answers are written to.
	Response Response

	identifier Identifier
	id         string
	room       [4]LimitState // where Limits begins

	body    []byte
	read    bool
	readErr error // of reading; what was read before it is gone
	parsed  document
}

// Principal is an authenticated sender.
type Principal struct {
	// ID names the principal; never empty. By itself it is not unique: see Key.
	ID string
	// Authority is who vouches for the ID: the issuer of a token whose key is in a
	// JWKS file, or another provider's name; empty where it is our own keyring.
	Authority string
	// Tenant groups principals; may be empty.
	Tenant string
	// Method is how it authenticated, such as "jwt" or "signature".
	Method string
	// Scopes are what the credential permits.
	Scopes []string
	// Claims are further verified facts of the credential, as parsed JSON.
	Claims map[string]any
}

// Namespace is what the principal's ID is unique in: its authority and its
// tenant. Neither has a line break, so no two pairs share one.
func (p *Principal) Namespace() string { return p.Authority + "\n" + p.Tenant }

// Key tells the principal from all others. Whatever is kept for a principal is
// kept under it: bob of one tenant, or of one issuer, is not bob of another.
func (p *Principal) Key() string { return p.Namespace() + "\n" + p.ID }

// Prompt is one text of a request that is meant for the model.
type Prompt struct {
	// Path is the JSON Pointer of the text in the body, in which * stands for
	// what tells an item from others that are judged apart.
	Path string `json:"path"`
	// Text is the original.
	Text string `json:"text"`
	// Normalised is the text as the policy's rules compare it.
	Normalised string `json:"normalised"`
	// IsName says that the text is the name of a member.
	IsName bool `json:"-"`
	// Joined says that the text was joined of others, which are prompts too.
	Joined bool `json:"-"`
	// Item is the JSON Pointer of the item that the text is of, where items are
	// judged apart from each other; empty for what they have in common.
	Item string `json:"-"`
}

// Decision is what a policy said about a request.
type Decision struct {
	Allow bool
	// Reasons say why not, or what was noticed.
	Reasons []Reason
	// Labels are tags that rules put on the request.
	Labels []string
	// Revision identifies the policy that decided.
	Revision string
}

// Reason is one rule's finding.
type Reason struct {
	ID       string `json:"id"`
	Message  string `json:"message"`
	Severity string `json:"severity,omitempty"`
}

// LimitState is the state of one limit after it was charged.
type LimitState struct {
	// Name is the limit's.
	Name string
	// Remaining is how much of the limit is left in its window.
	Remaining int64
}

// Identifier knows the id of a request.
type Identifier interface{ RequestID() string }

// New returns the exchange of a request. It asks for the request's id when that
// is first needed; without an identifier, the id is "".
func New(identifier Identifier) *Exchange {
	x := new(Exchange)
	x.Begin(identifier)
	return x
}

// Begin makes an exchange that is part of something else that of a request, as
// [New] does.
func (x *Exchange) Begin(identifier Identifier) {
	x.identifier = identifier
	x.Limits = x.room[:0]
}

// ID returns the request's id, the same in logs, problems and the upstream's
// logs.
func (x *Exchange) ID() string {
	if x.id == "" && x.identifier != nil {
		x.id = x.identifier.RequestID()
	}
	return x.id
}

// Body returns the request's body, which it reads on the first call and keeps.
// Afterwards r has a fresh reader of the same bytes. A body of more than
// maxBytes gives an error that wraps [ErrTooLarge]; maxBytes must be positive.
// After an error of reading every call returns that error: the rest is not the
// body. The returned bytes must not be changed.
func (x *Exchange) Body(r *http.Request, maxBytes int64) ([]byte, error) {
	if x.readErr != nil {
		return nil, x.readErr
	}
	if !x.read {
		body, err := readBounded(r, maxBytes)
		if err != nil {
			x.readErr = err
			return nil, err
		}
		x.body, x.read = body, true
	}
	if int64(len(x.body)) > maxBytes {
		return nil, tooLarge(maxBytes)
	}
	x.Rewind(r)
	return x.body, nil
}

// Rewind gives r a fresh reader of the body, so that it can be sent (again).
// It does nothing before the body was read. The reader is of a type that
// net/http knows to be in memory, so head and body leave in one write. It sets
// no GetBody: with that, net/http would send a request again on its own.
func (x *Exchange) Rewind(r *http.Request) {
	if !x.read {
		return
	}
	r.ContentLength = int64(len(x.body))
	r.TransferEncoding = nil
	if len(x.body) == 0 {
		r.Body = http.NoBody
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(x.body))
}

// Read reports whether the body has been read, so that [Exchange.Rewind] works.
func (x *Exchange) Read() bool { return x.read }

func readBounded(r *http.Request, maxBytes int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > maxBytes {
		return nil, tooLarge(maxBytes)
	}
	length := r.ContentLength
	if length < 0 { // not known
		length = bytes.MinRead
	}
	body, err := readAtMost(r.Body, maxBytes+1, length)
	if maxErr, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge(maxErr.Limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading body: %w", err)
	}
	if int64(len(body)) > maxBytes {
		return nil, tooLarge(maxBytes)
	}
	return body, nil
}

// readAtMost reads to the end, or so many bytes. The length is what is
// expected.
func readAtMost(r io.Reader, most, length int64) ([]byte, error) {
	// With a byte of room behind it, the end is found without growing.
	body := make([]byte, 0, min(most, length+1))
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF || int64(len(body)) == most:
			return body, nil
		case err != nil:
			return nil, err
		case len(body) == cap(body):
			body = slices.Grow(body, len(body))
			body = body[:len(body):min(int64(cap(body)), most)]
		}
	}
}

func tooLarge(limit int64) error {
	return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
}
