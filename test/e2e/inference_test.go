package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
)

func bearer(token string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}
}

func TestTheWholeAPIPassesTheGateway(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	const vanillin = "COc1cc(C=O)ccc1O"
	query := "?smiles=" + url.QueryEscape(vanillin)
	for _, r := range []struct{ method, path, body, mediaType, want string }{
		{"POST", "/api/v1/generate", `{"prompt": "rose", "engine": "library", "constraints": {"logp": {"min": 1}}}`, "application/json", `"molecules":[{`},
		{"POST", "/api/v1/generate", `{"prompt": "rose", "num_molecules": 1, "seed": 1, "steps": 8}`, "application/json", `"engine":"diffusion"`},
		{"POST", "/api/v1/generate", `{"like": "CC1(C)CCCC2(C)C1CCC(=C)C2CCC(C)=O", "engine": "library"}`, "application/json", `"likeness":`},
		{"POST", "/api/v1/generate", `{"prompt": "rose", "engine": "library", "stream": true}`, "text/event-stream", "event: result\n"},
		{"POST", "/api/v1/assess/safety", `{"smiles": ["CCO", "` + vanillin + `"]}`, "application/json", `"name":"vanillin"`},
		{"POST", "/api/v1/design/fragrance", `{"prompt": "citrus and cedar", "engine": "library"}`, "application/json", `"parts":1000`},
		{"GET", "/api/v1/molecules/depict.svg" + query, "", "image/svg+xml", "<svg"},
		{"GET", "/api/v1/molecules/similar" + query, "", "application/json", `"name":"vanillin"`},
	} {
		got := e.send(t, r.method, r.path, header, r.body)
		got.wantOK(t)
		if mediaType := got.Header.Get("Content-Type"); mediaType != r.mediaType || !strings.Contains(string(got.body), r.want) {
			t.Errorf("%s %s: %s %s", r.method, r.path, mediaType, got.body)
		}
		if by := got.Header.Get("Gate-Served-By"); by != "live" {
			t.Errorf("%s %s is served by %q", r.method, r.path, by)
		}
	}
	e.send(t, "GET", "/api/v1/molecules/similar"+query, nil, "").wantProblem(t, http.StatusUnauthorized, "credential-missing")
}

func TestEveryTextOfEveryRouteIsJudged(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	for path, body := range map[string]string{
		"/api/v1/generate":         `{"prompt": "rose", "constraints": {"must": ["nerve agent"]}}`,
		"/api/v1/generate/":        `{"prompt": "nerve agent"}`,
		"/api/v1/design/fragrance": `{"prompt": "rose and a nerve agent"}`,
		"/API/v1/Design/Fragrance": `{"prompt": "nerve agent"}`,
	} {
		e.send(t, http.MethodPost, path, header, body).wantProblem(t, http.StatusForbidden, "policy-denied")
	}
	for path, body := range map[string]string{
		"/api/v1/assess/safety": `{"smiles": "nerve agent"}`,
		"/api/v1/generate":      `{"like": "a nerve agent"}`,
	} {
		e.send(t, http.MethodPost, path, header, body).wantProblem(t, http.StatusUnprocessableEntity, "invalid-request")
	}
}

// The policy asks for a scope, and the backend's floor holds whatever the
// scopes are.
func TestLessSafetyNeedsTheScopeAndAFloorThatAdmitsIt(t *testing.T) {
	t.Parallel()
	const careless = `{"prompt": "musk", "engine": "library", "constraints": {"min_safety": 0}}`
	e := shipped(t)
	ordinary, entitled := bearer(e.token(t)), bearer(e.token(t, "--scope", "generate", "--scope", "generate:low-safety"))
	refused := e.send(t, http.MethodPost, generatePath, ordinary, careless)
	refused.wantProblem(t, http.StatusForbidden, "policy-denied")
	if !strings.Contains(string(refused.body), "safety-too-low") {
		t.Errorf("refused for %s", refused.body)
	}
	low := e.send(t, http.MethodPost, generatePath, entitled, careless)
	low.wantProblem(t, http.StatusUnprocessableEntity, "invalid-request")
	for _, want := range []string{"/constraints/min_safety", "at least 0.5"} {
		if !strings.Contains(string(low.body), want) {
			t.Errorf("%s lacks %s", low.body, want)
		}
	}
}

func TestTheFloorIsAFlagOfTheBackend(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t, "--min-safety", "0")
	entitled := bearer(e.token(t, "--scope", "generate", "--scope", "generate:low-safety"))
	e.send(t, http.MethodPost, generatePath, entitled, `{"prompt": "musk", "engine": "library", "constraints": {"min_safety": 0}}`).wantOK(t)
}

func TestHazardsAreNoSeedsThroughTheGateway(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	for _, engine := range []string{"library", "diffusion"} {
		// The policy knows the substance by its structure, however it is written.
		got := e.send(t, http.MethodPost, generatePath, header, `{"like": "CC(C)OP(C)(F)=O", "engine": "`+engine+`"}`)
		got.wantProblem(t, http.StatusForbidden, "policy-denied")

		// Another, which the policy leaves alone, is for the backend's screen.
		got = e.send(t, http.MethodPost, generatePath, header, `{"scaffold": "O[N+](=O)[O-]", "engine": "`+engine+`"}`)
		got.wantProblem(t, http.StatusUnprocessableEntity, "invalid-request")
		if !strings.Contains(string(got.body), `"/scaffold"`) {
			t.Errorf("%s", got.body)
		}
	}
}

// Each event must reach the client before the backend goes on, and the gateway
// must learn of each answer once.
func TestEventsPassTheGatewayAtOnce(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	read := make(chan struct{})
	e.startEvents(t, read)
	header := bearer(e.token(t))
	header.Set("Accept-Encoding", "zstd, gzip")
	for i, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		t.Run(protocol, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodPost, e.url+generatePath, strings.NewReader(`{"prompt": "rose", "stream": true}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header.Clone()
			resp, err := e.speaking(t, protocol).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.Proto != protocol {
				t.Errorf("answered over %s", resp.Proto)
			}
			wantEvents(t, resp.Body, read)
			eventually.True(t, "the outcome is counted", func() bool {
				return strings.Contains(e.metrics(t), fmt.Sprintf(`gate_responses_total{cut="",rung="live",status="2xx"} %d`, i+1))
			})
		})
	}
}

func wantEvents(t *testing.T, stream io.Reader, read chan<- struct{}) {
	t.Helper()
	body := bufio.NewScanner(stream)
	for event := range 3 {
		if !body.Scan() || !json.Valid([]byte(strings.TrimPrefix(body.Text(), "data: "))) || !body.Scan() {
			t.Fatalf("event %d: %q, %v", event, body.Text(), body.Err())
		}
		read <- struct{}{}
	}
	if rest, err := io.ReadAll(stream); err != nil || len(rest) > 0 {
		t.Errorf("after the last event: %q, %v", rest, err)
	}
}

// The model's molecules come between its steps, and the result has the same
// ones.
func TestMoleculesPassTheGatewayWhileOthersAreSampled(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	got := e.send(t, http.MethodPost, generatePath, bearer(e.token(t)), `{"prompt": "rose", "num_molecules": 10, "seed": 1, "steps": 8, "stream": true}`)
	got.wantOK(t)
	var names []string
	for line := range strings.Lines(string(got.body)) {
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	first := slices.Index(names, "molecule")
	if first < 0 || !slices.Contains(names[first:], "progress") || names[len(names)-1] != "result" {
		t.Fatalf("events %v", names)
	}
	shown, result, _ := strings.Cut(string(got.body), "event: result\ndata: ")
	var answer struct {
		Molecules []struct{ SMILES string }
	}
	if err := json.NewDecoder(strings.NewReader(result)).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Molecules) != 10 {
		t.Errorf("%d molecules", len(answer.Molecules))
	}
	for _, m := range answer.Molecules {
		if !strings.Contains(shown, "\"smiles\":\""+m.SMILES+"\"") {
			t.Errorf("%s is in the result and was not shown before", m.SMILES)
		}
	}
}

// startEvents puts a server in the backend's place that sends an event whenever
// the last one was read.
func (e *edge) startEvents(t *testing.T, read <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", e.upstream)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != generatePath {
			return // a probe takes no read away
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, _ = io.WriteString(w, "data: {}\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-read:
			case <-r.Context().Done():
				return
			}
		}
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
}
