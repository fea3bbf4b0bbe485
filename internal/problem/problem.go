// Package problem defines every kind of refusal of OdorDiff-2, as RFC 9457
// problem details. Each kind has its own type URI, which leads to its section
// in docs/errors.md.
package problem

import (
	"cmp"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// ContentType is the media type of a rendered problem (RFC 9457, section 3).
const ContentType = "application/problem+json"

// docs is where the type URIs lead: each kind's name is an anchor on that page.
const docs = "https://github.com/odordiff/odordiff/blob/main/docs/errors.md#"

// Kind is one documented sort of refusal. The kinds of kinds.go are all there
// are.
type Kind struct {
	// Name is the kind's anchor in docs/errors.md, such as "policy-denied".
	Name string
	// Title is the same for every occurrence of the kind.
	Title string
	// Status is the HTTP status that carries it.
	Status int
	// uri replaces the default type URI where a registered one exists.
	uri string
}

// URI returns the kind's type URI.
func (k *Kind) URI() string {
	if k.uri != "" {
		return k.uri
	}
	return docs + k.Name
}

// New returns a problem of this kind. The detail is shown to the client. It
// says what was wrong and what to do, and contains no secret and no internals.
func (k *Kind) New(detail string) *Problem {
	return &Problem{Kind: k, Detail: detail}
}

// Problem is one occurrence of a kind. It is an error, so that a handler can
// return it; its methods are chained while it is built, before it is shared.
type Problem struct {
	*Kind
	// Detail is for the client.
	Detail string
	// Extensions are further members of the body, such as "errors".
	Extensions map[string]any
	// Fields are HTTP header fields to be sent along, such as Retry-After.
	Fields http.Header
	// RefusedBy names what refused, in the configuration's words: the rules of the
	// policy, the limits, the authentication provider. It is for the log and the
	// metrics.
	RefusedBy []string

	cause error
}

// With adds an extension member to the body.
func (p *Problem) With(member string, value any) *Problem {
	if p.Extensions == nil {
		p.Extensions = make(map[string]any, 1)
	}
	p.Extensions[member] = value
	return p
}

// Header adds an HTTP header field to the response.
func (p *Problem) Header(name, value string) *Problem {
	if p.Fields == nil {
		p.Fields = make(http.Header, 1)
	}
	p.Fields.Add(name, value)
	return p
}

// RetryAfter sets the Retry-After field, rounded up to whole seconds (at least
// one).
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	seconds := max(1, int64((d+time.Second-1)/time.Second))
	return p.Header("Retry-After", strconv.FormatInt(seconds, 10))
}

// Because keeps the cause for the log. It is never rendered.
func (p *Problem) Because(err error) *Problem {
	p.cause = err
	return p
}

// By records what refused, the gravest first. The names become labels of
// metrics, so they come from the configuration, never from the client.
func (p *Problem) By(names ...string) *Problem {
	p.RefusedBy = append(p.RefusedBy, names...)
	return p
}

// Error describes the problem for the log, with its cause.
func (p *Problem) Error() string {
	s := p.Name
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.cause != nil {
		s += ": " + p.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.cause }

// Body returns the members of the problem as the answer to a request with the
// given id. An empty id is left out. The member "error" says the same once
// more, in the form of OpenAI's API, whose clients show it.
func (p *Problem) Body(requestID string) map[string]any {
	body := maps.Clone(p.Extensions)
	if body == nil {
		body = make(map[string]any, 6)
	}
	body["type"] = p.URI()
	body["title"] = p.Title
	body["status"] = p.Status
	if p.Detail != "" {
		body["detail"] = p.Detail
	}
	if requestID != "" {
		body["request_id"] = requestID
	}
	body["error"] = map[string]string{
		"message": cmp.Or(p.Detail, p.Title),
		"type":    p.errorType(),
		"code":    p.Name,
	}
	return body
}

// errorType is the type that OpenAI's API gives an error of the status. Clients
// of that API read no member but "error".
func (p *Problem) errorType() string {
	switch {
	case p.Status == http.StatusUnauthorized:
		return "authentication_error"
	case p.Status == http.StatusForbidden:
		return "permission_error"
	case p.Status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case p.Status >= http.StatusInternalServerError:
		return "server_error"
	}
	return "invalid_request_error"
}

// Write renders the problem as the response to a request with the given id.
// The caller must not have written anything yet.
func (p *Problem) Write(w http.ResponseWriter, requestID string) error {
	rendered, err := json.Marshal(p.Body(requestID), json.Deterministic(true))
	if err != nil {
		return err
	}
	header := w.Header()
	maps.Copy(header, p.Fields)
	header.Set("Content-Type", ContentType)
	header.Set("Content-Length", strconv.Itoa(len(rendered)+1))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, err = w.Write(append(rendered, '\n'))
	return err
}
