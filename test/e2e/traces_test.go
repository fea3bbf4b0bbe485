package e2e

import (
	"net/http"
	"strings"
	"testing"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/tracingtest"
)

// requestSpan waits for the span that a service made of a request.
func requestSpan(t *testing.T, c *tracingtest.Collector, service, id string) tracingtest.Span {
	t.Helper()
	return c.Await(t, "the request "+id+" in "+service, func(s tracingtest.Span) bool {
		return s.Service == service && s.Attribute("odordiff.request_id") == id
	})
}

func TestSpansHaveTheStatusOfARefusal(t *testing.T) {
	t.Parallel()
	e := layout(t)
	spans := tracingtest.Start(t)
	e.env = append(e.env, spans.Environment()...)
	e.startWith(t, "rate 60/1m", "rate 1/1m")
	token := e.token(t)
	other := e.token(t, "--subject", "other")
	for _, c := range []struct {
		got    answer
		status string
		kind   string
		fault  bool
	}{
		{e.generate(t, "", prompt), "401", "credential-missing", false},
		{e.generate(t, token, `{"prompt": "sarin"}`), "403", "policy-denied", false},
		{e.generate(t, token, prompt), "429", "quota-exceeded", false},
		{e.send(t, http.MethodGet, "/elsewhere", nil, ""), "404", "not-found", false},
		// nothing listens there
		{e.generate(t, other, prompt), "503", "upstream-unavailable", true},
	} {
		span := requestSpan(t, spans, "odordiff-gateway", c.got.Header.Get("X-Request-Id"))
		if got := span.Attribute("http.response.status_code"); got != c.status {
			t.Errorf("%s: the span's status is %s", c.kind, got)
		}
		if got := span.Attribute("odordiff.problem"); got != c.kind {
			t.Errorf("%s: the span's problem is %s", c.kind, got)
		}
		wantCode := trace.Status_STATUS_CODE_UNSET
		if c.fault {
			wantCode = trace.Status_STATUS_CODE_ERROR
		}
		if got := span.GetStatus().GetCode(); got != wantCode {
			t.Errorf("%s: the span is %v, want %v", c.kind, got, wantCode)
		}
		if events := span.GetEvents(); c.fault != (len(events) == 1) {
			t.Errorf("%s: events %v", c.kind, events)
		}
	}
}

func TestOneTraceLeadsThroughGatewayAndBackend(t *testing.T) {
	t.Parallel()
	e := layout(t)
	spans := tracingtest.Start(t)
	e.env = append(e.env, spans.Environment()...)
	e.startWith(t)
	e.startBackend(t)
	token := e.token(t)
	header := http.Header{
		"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"},
		"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	}
	got := e.send(t, http.MethodPost, "/api/v1/generate", header, `{"prompt": "fresh citrus"}`)
	id := got.Header.Get("X-Request-Id")
	top := requestSpan(t, spans, "odordiff-gateway", id)
	requestSpan(t, spans, "odordiff-inference", id)
	tree := spans.Tree(top, "http.response.status_code", "odordiff.outcome", "odordiff.served_by")
	t.Logf("\n%s", tree)
	for _, below := range []string{
		"\n  gate_capacity ", "\n  gate_limit ", "\n  gate_auth ", "\n  gate_policy ", "\n  gate_fallback ", "\n    POST ",
		"\n      POST /api/v1/generate ", "\n        wait\n", "\n        generate_content diffusion\n",
		"\n          interpret\n", "\n          sample\n", "\n            steps\n", "\n            judge\n",
	} {
		if !strings.Contains(tree, below) {
			t.Errorf("the tree lacks %q:\n%s", below, tree)
		}
	}
	if all := spans.Everything(); strings.Contains(all, token) {
		t.Error("a token is in a span")
	}
}

func TestEveryLineOfARequestHasItsIDs(t *testing.T) {
	t.Parallel()
	e := layout(t)
	spans := tracingtest.Start(t)
	e.env = append(e.env, append(spans.Environment(), "ODORDIFF_LOG_LEVEL=DEBUG")...)
	e.startWith(t)
	backend := e.startBackend(t)
	about := map[string]string{ // the lines that a request must have, by its id
		e.generate(t, e.token(t), prompt).Header.Get("X-Request-Id"): "http.log.access.log0 inference",
		e.generate(t, "", prompt).Header.Get("X-Request-Id"):         "gate.refusals http.log.access.log0",
	}
	for id, loggers := range about {
		for logger := range strings.FieldsSeq(loggers) {
			eventually.True(t, "a line of "+logger+" about "+id, func() bool {
				for line := range strings.Lines(e.out.String() + backend.out.String()) {
					if strings.Contains(line, `"logger":"`+logger+`"`) && strings.Contains(line, `"request_id":"`+id+`"`) {
						return true
					}
				}
				return false
			})
		}
	}
	for line := range strings.Lines(e.out.String() + backend.out.String()) {
		if !strings.Contains(line, generatePath) && !strings.Contains(line, `"request_id"`) {
			continue
		}
		for _, field := range []string{`"ts":`, `"level":"`, `"logger":"`, `"msg":"`, `"request_id":"`, `"trace_id":"`} {
			if !strings.Contains(line, field) {
				t.Errorf("%s is not in %s", field, line)
			}
		}
	}
}
