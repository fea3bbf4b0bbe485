package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/engine/sampler"
	"github.com/odordiff/odordiff/inference/safety"
	"github.com/odordiff/odordiff/internal/problem"
)

// received is an event as a client reads it.
type received struct{ name, data string }

// nextEvent reads one event. It returns io.EOF after the last.
func nextEvent(r *bufio.Reader) (received, error) {
	var e received
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return e, nil
		}
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "id": // where a client goes on
		default:
			return e, errors.New("not a line of an event: " + line)
		}
	}
}

func events(t testing.TB, body string) []received {
	t.Helper()
	var all []received
	for r := bufio.NewReader(strings.NewReader(body)); ; {
		e, err := nextEvent(r)
		if errors.Is(err, io.EOF) && e == (received{}) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %q", err, body)
		}
		all = append(all, e)
	}
}

func eventNames(all []received) string {
	var names []string
	for _, e := range all {
		names = append(names, e.name)
	}
	return strings.Join(names, " ")
}

// vanillin is a molecule of an answer.
func vanillin(t testing.TB) engine.Molecule {
	t.Helper()
	m := chemtest.Parse(t, "COc1cc(C=O)ccc1O")
	return engine.Molecule{Structure: m, Source: "test", Safety: safety.Assess(m)}
}

// with makes a test's function the engine.
func with(f funcEngine) func(*Config) {
	return func(c *Config) { c.Engines = []engine.Engine{f} }
}

// stepping answers after two steps with one molecule.
func stepping(t testing.TB) funcEngine {
	m := vanillin(t)
	return func(_ context.Context, request engine.Request) (engine.Result, error) {
		request.Progress(engine.Progress{Round: 1, Step: 1, Steps: 2, Unmasked: 0.5})
		request.Progress(engine.Progress{Round: 1, Step: 2, Steps: 2, Unmasked: 1})
		request.Emit(m)
		return engine.Result{Molecules: []engine.Molecule{m}}, nil
	}
}

func TestAStreamHasProgressMoleculesAndTheResult(t *testing.T) {
	h := newAPI(t, with(stepping(t)))
	const prompt = `{"prompt": "vanilla"}`
	rec := post(h, prompt, "Accept", "text/event-stream")
	all := events(t, rec.Body.String())
	if got := eventNames(all); rec.Code != http.StatusOK || got != "progress progress molecule result" {
		t.Fatalf("%d, events %s", rec.Code, got)
	}
	if all[0].data != `{"round":1,"step":1,"steps":2,"unmasked":0.5}` {
		t.Errorf("progress %s", all[0].data)
	}
	for field, want := range map[string]string{"Content-Type": eventStream, "Cache-Control": "no-store"} {
		if got := rec.Header().Get(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	var streamed fields
	if err := json.Unmarshal([]byte(all[3].data), &streamed); err != nil {
		t.Fatal(err)
	}
	h = newAPI(t, with(func(context.Context, engine.Request) (engine.Result, error) {
		return engine.Result{Molecules: []engine.Molecule{vanillin(t)}}, nil
	}))
	plain := decode(t, post(h, prompt))
	if streamed["request_id"] != rec.Header().Get("X-Request-Id") {
		t.Errorf("request id %v", streamed["request_id"])
	}
	delete(streamed, "request_id")
	delete(plain, "request_id")
	if a, b := asJSON(t, streamed), asJSON(t, plain); a != b {
		t.Errorf("streamed %s\nplain %s", a, b)
	}
}

func asJSON(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheLibraryStreamsItsMolecules(t *testing.T) {
	rec := post(newAPI(t, nil), `{"prompt": "rose", "num_molecules": 2, "stream": true}`)
	if got := eventNames(events(t, rec.Body.String())); got != "molecule molecule result" {
		t.Errorf("events %s", got)
	}
}

func TestWhoAsksForAStream(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name   string
		body   *bool
		accept string
		want   bool
	}{
		{"nobody", nil, "", false},
		{"anything will do", nil, "*/*", false},
		{"the field", nil, "text/event-stream", true},
		{"the field, among others", nil, "application/json;q=0.5, Text/Event-Stream", true},
		{"the field refuses it", nil, "text/event-stream;q=0", false},
		{"the body", &yes, "application/json", true},
		{"the body refuses it", &no, "text/event-stream", false},
		{"a broken field", nil, ";;,text/", false},
	}
	for _, tt := range tests {
		if got := wantsStream(tt.body, http.Header{"Accept": {tt.accept}}); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestRefusalsBeforeTheFirstEventAreOrdinaryProblems(t *testing.T) {
	h := newAPI(t, nil)
	wantProblem(t, post(h, `{"prompt": 5, "stream": true}`), problem.Invalid)
	wantProblem(t, post(h, `{"prompt": "qwerty", "stream": true}`), problem.NotUnderstood)
	failing := func(context.Context, engine.Request) (engine.Result, error) {
		return engine.Result{}, errors.New("secret")
	}
	wantProblem(t, post(newAPI(t, with(failing)), `{"prompt": "rose", "stream": true}`), problem.Internal)
}

func TestAProblemAfterTheFirstEventIsTheLast(t *testing.T) {
	for name, fault := range map[string]func(context.Context) (engine.Result, error){
		"internal-error":   func(context.Context) (engine.Result, error) { return engine.Result{}, errors.New("secret path") },
		"internal-error ":  func(context.Context) (engine.Result, error) { panic("secret path") },
		"upstream-timeout": func(ctx context.Context) (engine.Result, error) { <-ctx.Done(); return engine.Result{}, ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			h := newAPI(t, func(c *Config) {
				c.Timeout, c.Logger = 10*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
				c.Engines = []engine.Engine{funcEngine(func(ctx context.Context, request engine.Request) (engine.Result, error) {
					request.Progress(engine.Progress{Round: 1, Step: 1, Steps: 2})
					return fault(ctx)
				})}
			})
			rec := post(h, `{"prompt": "rose", "stream": true}`)
			all := events(t, rec.Body.String())
			if rec.Code != http.StatusOK || eventNames(all) != "progress problem" {
				t.Fatalf("%d, events %s", rec.Code, eventNames(all))
			}
			if data := all[1].data; !strings.Contains(data, strings.TrimSpace(name)) || !strings.Contains(data, rec.Header().Get("X-Request-Id")) || strings.Contains(data, "secret") {
				t.Errorf("problem %s", data)
			}
			if strings.Contains(name, "internal") && !strings.Contains(log.String(), "secret path") {
				t.Errorf("the cause is not in the log: %s", log.String())
			}
		})
	}
}

// live is the API on a real connection.
func live(t *testing.T, change func(*Config)) *httptest.Server {
	server := httptest.NewServer(newAPI(t, change))
	t.Cleanup(server.Close)
	return server
}

func openStream(t *testing.T, ctx context.Context, server *httptest.Server) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/v1/generate", strings.NewReader(`{"prompt": "rose", "stream": true}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// Each event must be there before the engine goes on.
func TestEventsAreSentAtOnce(t *testing.T) {
	read := make(chan struct{})
	server := live(t, with(func(ctx context.Context, request engine.Request) (engine.Result, error) {
		for step := range 3 {
			request.Progress(engine.Progress{Round: 1, Step: step + 1, Steps: 3})
			select {
			case <-read:
			case <-ctx.Done():
				return engine.Result{}, ctx.Err()
			}
		}
		return engine.Result{}, nil
	}))
	response := openStream(t, t.Context(), server)
	body := bufio.NewReader(response.Body)
	for range 3 {
		if e, err := nextEvent(body); err != nil || e.name != "progress" {
			t.Fatalf("event %+v, %v", e, err)
		}
		read <- struct{}{}
	}
	if e, err := nextEvent(body); err != nil || e.name != "result" {
		t.Errorf("event %+v, %v", e, err)
	}
}

func TestAClientThatLeavesEndsTheWork(t *testing.T) {
	ended := make(chan error, 1)
	server := live(t, with(func(ctx context.Context, request engine.Request) (engine.Result, error) {
		request.Progress(engine.Progress{Round: 1, Step: 1, Steps: 2})
		<-ctx.Done()
		ended <- ctx.Err()
		return engine.Result{}, ctx.Err()
	}))
	ctx, leave := context.WithCancel(t.Context())
	response := openStream(t, ctx, server)
	if _, err := nextEvent(bufio.NewReader(response.Body)); err != nil {
		t.Fatal(err)
	}
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the engine ended with %v", err)
	}
}

// stalled is a client that takes no more after the first event.
type stalled struct {
	*httptest.ResponseRecorder
	writes int
}

func (s *stalled) Write(b []byte) (int, error) {
	if s.writes++; s.writes > 1 {
		return 0, errors.New("i/o timeout")
	}
	return s.ResponseRecorder.Write(b)
}

func TestAClientThatDoesNotReadEndsTheWork(t *testing.T) {
	m := vanillin(t)
	var ended error
	h, err := New(func() Config {
		c := config(t)
		with(func(ctx context.Context, request engine.Request) (engine.Result, error) {
			for ctx.Err() == nil {
				request.Emit(m)
			}
			ended = ctx.Err()
			return engine.Result{}, ctx.Err()
		})(&c)
		return c
	}())
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/generate", strings.NewReader(`{"prompt": "rose", "stream": true}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(&stalled{ResponseRecorder: httptest.NewRecorder()}, r)
	if !errors.Is(ended, context.Canceled) {
		t.Errorf("the engine ended with %v", ended)
	}
}

// A slow reader must not hold the engine: steps that do not fit are left out.
func TestProgressNeverWaits(t *testing.T) {
	const steps = 10 * waitingEvents
	ended := make(chan struct{})
	h := newAPI(t, with(func(_ context.Context, request engine.Request) (engine.Result, error) {
		defer close(ended)
		for step := range steps {
			request.Progress(engine.Progress{Round: 1, Step: step + 1, Steps: steps})
		}
		return engine.Result{}, nil
	}))
	slow := &slowRecorder{httptest.NewRecorder(), ended}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/generate", strings.NewReader(`{"prompt": "rose", "stream": true}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(slow, r)
	all := events(t, slow.Body.String())
	if len(all) < 2 || all[len(all)-1].name != "result" {
		t.Errorf("%d events, the last %+v", len(all), all[len(all)-1])
	}
}

// slowRecorder takes nothing until the engine has ended.
type slowRecorder struct {
	*httptest.ResponseRecorder
	ended <-chan struct{}
}

func (s *slowRecorder) Write(b []byte) (int, error) {
	<-s.ended
	return s.ResponseRecorder.Write(b)
}

func TestTheDiffusionEngineStreamsMoleculesBetweenItsSteps(t *testing.T) {
	h := newAPI(t, func(c *Config) { c.Engines = []engine.Engine{load(t, sampler.New)} })
	const request = `{"prompt": "rose", "num_molecules": 10, "steps": 8, "seed": 1, "stream": true}`
	all := events(t, post(h, request).Body.String())
	names := eventNames(all)
	first := strings.Index(names, "molecule")
	if !strings.HasPrefix(names, "progress progress") || !strings.HasSuffix(names, " result") || !strings.Contains(names[max(first, 0):], "progress") {
		t.Fatalf("events %s", names)
	}
	var streamed []string
	for _, e := range all {
		if e.name == "molecule" {
			streamed = append(streamed, smilesIn(t, e.data))
		}
	}
	var result struct{ Molecules []json.RawMessage }
	if err := json.Unmarshal([]byte(all[len(all)-1].data), &result); err != nil {
		t.Fatal(err)
	}
	var answered []string
	for _, m := range result.Molecules {
		answered = append(answered, smilesIn(t, string(m)))
	}
	slices.Sort(streamed)
	slices.Sort(answered)
	if !slices.Equal(streamed, answered) {
		t.Errorf("streamed %v, answered %v", streamed, answered)
	}
}

func smilesIn(t testing.TB, molecule string) string {
	t.Helper()
	var m struct{ SMILES string }
	if err := json.Unmarshal([]byte(molecule), &m); err != nil {
		t.Fatal(err)
	}
	return m.SMILES
}
