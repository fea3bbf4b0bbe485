package policy

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/promptpolicy"
	"github.com/odordiff/odordiff/internal/tracing"
)

// refusal is a request that does not pass, and how it is counted.
type refusal struct {
	result  string
	problem *problem.Problem
}

// judge returns the policy's decision, if there is one, and why the request is
// refused, if it is. It stores the prompts and the decision in the exchange.
func (h *Handler) judge(r *http.Request) (d *promptpolicy.Decision, refused *refusal) {
	// One revision judges the whole request, even if another goes live meanwhile.
	policy := h.engine.Current().Within(time.Duration(*h.Timeout))
	x := gate.ExchangeOf(r)
	defer func() {
		if fault := recover(); fault != nil {
			d, refused = nil, h.undecided(policy, x, promptpolicy.DescribePanic(fault))
		}
	}()
	body, present, refused := h.body(x, r)
	if refused != nil {
		return nil, refused
	}
	if err := r.Context().Err(); err != nil {
		return nil, abandoned(err) // before anything that costs time
	}
	if refused := h.compare(policy, r, body, present); refused != nil {
		return nil, refused
	}
	since := time.Now()
	if x.Prompts, refused = h.prompts(r, since, body); refused != nil {
		return nil, refused
	}
	return h.decide(policy, x, r, since, body)
}

// body returns the parsed body and whether there is one: a body may be null. A
// form is an object.
func (h *Handler) body(x *exchange.Exchange, r *http.Request) (body any, present bool, refused *refusal) {
	if h.takesForm(r.Header) {
		return h.form(x, r)
	}
	raw, refused := read(x, r, *h.MaxBody)
	if len(raw) == 0 {
		return nil, false, refused
	}
	if p := checkMediaType(r.Header); p != nil {
		return nil, false, &refusal{resultMalformed, p}
	}
	var err error
	if body, err = x.JSON(); err != nil {
		return nil, false, &refusal{resultMalformed, problem.Malformed.New("The body is " + err.Error() + ".")}
	}
	return body, true, nil
}

// read returns the bytes of a body of up to most bytes.
func read(x *exchange.Exchange, r *http.Request, most int64) (raw []byte, refused *refusal) {
	raw, err := x.Body(r, most)
	switch {
	case errors.Is(err, exchange.ErrTooLarge):
		return nil, &refusal{resultMalformed, problem.TooLarge.New("Send a smaller body.").Because(err)}
	case err != nil:
		return nil, &refusal{resultMalformed, problem.Malformed.New("The body could not be read to its end.").Because(err)}
	}
	return raw, nil
}

// prompts returns the texts to judge.
func (h *Handler) prompts(r *http.Request, since time.Time, body any) ([]exchange.Prompt, *refusal) {
	deadline := since.Add(time.Duration(*h.Timeout))
	source := promptpolicy.Source{Body: body, Query: r.URL.RawQuery, Files: h.files, Apart: h.apart}
	prompts, err := promptpolicy.Prompts(r.Context(), deadline, source, h.paths)
	switch {
	case err == nil:
		return prompts, nil
	case r.Context().Err() != nil:
		return nil, abandoned(err)
	}
	return nil, unfit(err)
}

// tooMuch are the errors that less text would mend.
var tooMuch = []error{promptpolicy.ErrTextTakesLong, promptpolicy.ErrTextGrows, promptpolicy.ErrLongFields}

// unfit refuses texts that cannot be judged: the sender must change them.
func unfit(err error) *refusal {
	if slices.ContainsFunc(tooMuch, func(much error) bool { return errors.Is(err, much) }) {
		return &refusal{resultMalformed, problem.TooLarge.New("In the request, " + err.Error() + ". Send less text.")}
	}
	return &refusal{resultMalformed, problem.Malformed.New("In the request, " + err.Error() + ".")}
}

func abandoned(err error) *refusal {
	return &refusal{resultAbandoned, problem.ForStatus(problem.StatusClientLeft).Because(err)}
}

// checkMediaType accepts only JSON in UTF-8 without a content coding: a body
// that the policy might read differently from the upstream must not pass.
func checkMediaType(header http.Header) *problem.Problem {
	const (
		detail = "Send the body as Content-Type: application/json, in UTF-8 and without a Content-Encoding."
		parts  = "Multipart bodies, such as uploads of files, are not taken here. " +
			"Send JSON, with small files in it as base64, or ask the operator whether another address takes uploads."
	)
	written, plain := typeOf(header)
	if !plain {
		return problem.Unsupported.New(detail)
	}
	if written == "application/json" {
		return nil
	}
	media, params, err := mime.ParseMediaType(written)
	if strings.HasPrefix(media, "multipart/") {
		return problem.Unsupported.New(parts)
	}
	isJSON := media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
	charset := cmp.Or(params["charset"], "utf-8")
	if err != nil || !isJSON || !strings.EqualFold(charset, "utf-8") {
		return problem.Unsupported.New(detail)
	}
	return nil
}

// typeOf returns the Content-Type. It is not plain unless it is there once and
// the body has no content coding, whichever way the header is read.
func typeOf(header http.Header) (written string, plain bool) {
	types := header.Values("Content-Type")
	if len(types) != 1 || hasLookAlike(header) {
		return "", false
	}
	codings := header.Values("Content-Encoding")
	if len(codings) == 0 {
		return types[0], true
	}
	coding := cmp.Or(strings.Join(codings, ","), "identity")
	return types[0], strings.EqualFold(coding, "identity")
}

// hasLookAlike reports whether a field has the name of one that describes the
// body, but with an underscore. CGI and its successors treat the two as the
// same field.
func hasLookAlike(header http.Header) bool {
	for name := range header {
		if strings.Contains(name, "_") && strings.HasPrefix(strings.ToLower(strings.ReplaceAll(name, "_", "-")), "content-") {
			return true
		}
	}
	return false
}

// compare compares the body with the route's schema.
func (h *Handler) compare(policy *promptpolicy.Policy, r *http.Request, body any, present bool) *refusal {
	name, err := h.schemaFor(r)
	if err != nil {
		return unavailable(fmt.Errorf("matching the route of a schema: %w", err))
	}
	if name == "" || !present && !needsBody(r.Method) {
		return nil
	}
	if !present {
		return &refusal{resultMalformed, problem.Malformed.New("The request has no body. Send one as JSON.")}
	}
	schema, ok := policy.Schema(name)
	if !ok { // unreachable: Engine.Require keeps the schema
		return unavailable(fmt.Errorf("schema %s is gone", name))
	}
	fields := schema.Validate(body)
	if fields == nil {
		return nil
	}
	return &refusal{resultInvalid, problem.Invalid.New(summary(fields)).With("errors", fields)}
}

func needsBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func (h *Handler) schemaFor(r *http.Request) (string, error) {
	for i := range h.Schemas {
		matches, err := h.Schemas[i].matcher.MatchWithError(r)
		if err != nil {
			return "", err
		}
		if matches {
			return h.Schemas[i].Schema, nil
		}
	}
	return "", nil
}

func summary(fields []promptpolicy.FieldError) string {
	first := fields[0]
	text := fmt.Sprintf("%s %s", cmp.Or(first.Field, "The body"), first.Message)
	if len(fields) > 1 {
		text += fmt.Sprintf(", and %d more: see errors", len(fields)-1)
	}
	return text + "."
}

func (h *Handler) decide(policy *promptpolicy.Policy, x *exchange.Exchange, r *http.Request, since time.Time, body any) (*promptpolicy.Decision, *refusal) {
	id := ""
	if policy.ReadsRequestID() {
		id = x.ID()
	}
	d, err := policy.Decide(r.Context(), &promptpolicy.Input{
		Request:   promptpolicy.Request{ID: id, Method: r.Method, Path: r.URL.Path, ClientIP: x.ClientIP},
		Principal: x.Principal,
		Body:      body,
		Prompts:   x.Prompts,
		Limits:    x.Limits,
		ServedBy:  x.ServedBy,
		Since:     since,
	})
	tracing.Observe(r.Context(), evalSeconds, time.Since(since).Seconds())
	switch {
	case err == nil:
	case r.Context().Err() != nil:
		return nil, abandoned(err)
	case errors.Is(err, promptpolicy.ErrTextGrows):
		return nil, unfit(err)
	default:
		return nil, h.undecided(policy, x, err)
	}
	x.Decision = &exchange.Decision{Allow: d.Allow, Reasons: d.Reasons, Labels: d.Labels, Revision: d.Revision}
	if d.Allow {
		return d, nil
	}
	return d, denied(d)
}

// undecided refuses a request that could not be judged, and logs why.
func (h *Handler) undecided(policy *promptpolicy.Policy, x *exchange.Exchange, err error) *refusal {
	h.logger.Error("the policy gave no decision, so the request is refused",
		append(gate.LogFields(x), zap.String("revision", policy.Revision()), zap.Error(err))...)
	return unavailable(err)
}

func unavailable(err error) *refusal {
	return &refusal{resultUnavailable, problem.PolicyUnavailable.
		New("The request could not be judged, so it was not let through. Try again shortly.").
		RetryAfter(time.Second).Because(err)}
}

// denied returns a refusal that tells the client every reason, the gravest
// first.
func denied(d *promptpolicy.Decision) *refusal {
	reasons := slices.Clone(d.Reasons)
	slices.SortStableFunc(reasons, func(a, b exchange.Reason) int {
		return promptpolicy.CompareSeverity(b.Severity, a.Severity)
	})
	kind := *problem.PolicyDenied
	kind.Status = d.Status
	p := (&kind).New(reasons[0].Message).With("reasons", reasons)
	if d.Item != "" {
		p = p.With("item", d.Item)
	}
	for _, reason := range reasons {
		p.RefusedBy = append(p.RefusedBy, reason.ID)
	}
	for _, o := range d.Obligations {
		if o.Type == promptpolicy.HeaderObligation && o.Target == promptpolicy.OnResponse {
			p.Header(o.Name, o.Value)
		}
	}
	return &refusal{resultDeny, p}
}
