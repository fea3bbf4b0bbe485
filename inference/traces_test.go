package inference

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/tracing"
	"github.com/odordiff/odordiff/internal/tracingtest"
)

func TestTheBackendContinuesTheGatewaysTrace(t *testing.T) {
	c := tracingtest.Start(t)
	c.Setenv(t)
	provider, err := tracing.Open(t.Context(), tracing.Service{Name: "odordiff-inference", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	r := serve(t, Config{Tracing: provider})
	for _, sent := range []struct{ sampled, prompt string }{{"01", "rose"}, {"00", "cedar"}} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/v1/generate",
			strings.NewReader(`{"prompt": "`+sent.prompt+`", "num_molecules": 1, "seed": 7}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"+sent.sampled)
		response, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %v", response.Status, body, err)
		}
	}
	r.stop()
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	if err := provider.Close(); err != nil {
		t.Fatal(err)
	}
	s := c.Await(t, "the request", func(s tracingtest.Span) bool { return s.Attribute("http.route") == "/api/v1/generate" })
	if s.Service != "odordiff-inference" || s.Version != "1.2.3" {
		t.Errorf("of the service %s in version %s", s.Service, s.Version)
	}
	tree := c.Tree(s, "http.response.status_code", "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.request.seed")
	want := `POST /api/v1/generate http.response.status_code=200
  wait
  generate_content diffusion gen_ai.operation.name=generate_content gen_ai.request.model=diffusion gen_ai.request.seed=7
    interpret
    sample
      steps
`
	if !strings.HasPrefix(tree, want) || !strings.Contains(tree, "\n      judge\n") {
		t.Errorf("the tree is\n%s, want at first\n%s and a judge", tree, want)
	}
	all := c.Everything()
	if strings.Contains(all, "rose") || strings.Contains(all, "cedar") {
		t.Error("a prompt is in a span")
	}
	if n := strings.Count(all, "/api/v1/generate\""); n == 0 || strings.Count(all, `"http.route"`) != 1 {
		t.Errorf("the request that the gateway did not sample is there too: %s", all)
	}
}
