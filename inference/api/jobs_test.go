package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/feedback"
	"github.com/odordiff/odordiff/inference/job"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/store"
	"github.com/odordiff/odordiff/internal/problem"
)

// recorded is an API with records. Its jobs are worked on once work is called.
type recorded struct {
	http.Handler
	api     *API
	records *Records
}

func newRecorded(t *testing.T, limits job.Config, change func(*Config)) *recorded {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "records.db"), Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	limits.GaveUp = GaveUp()
	records := &Records{Jobs: job.NewSQLite(s, limits), Feedback: feedback.NewBook(s), Trouble: s.Trouble}
	c := config(t)
	c.Records = func() (*Records, error) { return records, nil }
	if change != nil {
		change(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &recorded{documented(t, a), a, records}
}

// work works on jobs until the test ends.
func (r *recorded) work(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	runner := &job.Runner{Queue: r.records.Jobs, Workers: 2, Do: r.api.Work, Renew: time.Second, Logger: slog.New(slog.DiscardHandler)}
	go func() {
		defer close(ended)
		runner.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
}

const batchPath = "/api/v1/generate/batch"

func (r *recorded) get(t *testing.T, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(r, httptest.NewRequest(http.MethodGet, path, nil), header...)
}

// submit hands in a batch and returns the path of its job.
func (r *recorded) submit(t *testing.T, body string, header ...string) string {
	t.Helper()
	rec := send(r, httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(body)), header...)
	if rec.Code != http.StatusAccepted || rec.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, %v: %s", rec.Code, rec.Header(), rec.Body)
	}
	id := decode(t, rec)["job"].(fields)["id"].(string)
	if location := rec.Header().Get("Location"); location != "/api/v1/jobs/"+id {
		t.Fatalf("location %s of %s", location, id)
	}
	return rec.Header().Get("Location")
}

func TestABatchBecomesAnswersLikeThoseOfGenerate(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	r.work(t)
	path := r.submit(t, `{"prompts": ["rose", "fresh citrus over wet cedar", "asdf qwer"], "num_molecules": 2, "constraints": {"logp": {"min": 1}}}`)
	seen := map[int]fields{}
	stream := r.get(t, path+"/results", "Accept", "application/x-ndjson")
	lines := strings.Split(strings.TrimSpace(stream.Body.String()), "\n")
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			continue // It keeps the connection alive.
		}
		var result fields
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		seen[int(result["position"].(float64))] = result
	}
	if !strings.Contains(lines[len(lines)-1], `"state":"finished"`) {
		t.Errorf("the last line is %s", lines[len(lines)-1])
	}
	for i, prompt := range []string{"rose", "fresh citrus over wet cedar"} {
		single := decode(t, post(r, fmt.Sprintf(`{"prompt": %q, "num_molecules": 2, "constraints": {"logp": {"min": 1}}}`, prompt)))
		got := seen[i]["answer"].(fields)
		if fmt.Sprint(got["molecules"]) != fmt.Sprint(single["molecules"]) || got["prompt"] != prompt {
			t.Errorf("%s: got %v, want %v", prompt, got, single)
		}
	}
	if kind := seen[2]["problem"].(fields)["type"]; kind != problem.NotUnderstood.URI() {
		t.Errorf("the last one has %v", seen[2])
	}
	page := decode(t, r.get(t, path+"/results?failed=1"))
	if all := page["results"].([]any); len(all) != 1 || page["next"] != nil {
		t.Errorf("failed prompts: %v", page)
	}
	state := decode(t, r.get(t, path))["job"].(fields)
	if state["done"] != 2.0 || state["failed"] != 1.0 || state["progress"] != 1.0 || state["finished"] == nil {
		t.Errorf("job %v", state)
	}
}

func TestResultsComeInPages(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	path := r.submit(t, `{"prompts": ["rose", "lemon", "cedar"], "num_molecules": 1}`)
	if page := decode(t, r.get(t, path+"/results")); page["next"] != 0.0 {
		t.Errorf("results are to come, but %v", page)
	}
	r.work(t)
	r.get(t, path+"/results", "Accept", eventStream) // until the end
	first := decode(t, r.get(t, path+"/results?limit=2"))
	if len(first["results"].([]any)) != 2 || first["next"] != 2.0 {
		t.Errorf("first page %v", first)
	}
	second := decode(t, r.get(t, path+"/results?limit=2&after=2"))
	if len(second["results"].([]any)) != 1 || second["next"] != nil {
		t.Errorf("second page %v", second)
	}
}

// An event stream that was cut off goes on where it was.
func TestAStreamOfResultsGoesOnBehindTheLastEvent(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	r.work(t)
	path := r.submit(t, `{"prompts": ["rose", "lemon", "cedar"], "num_molecules": 1}`)
	whole := r.get(t, path+"/results", "Accept", eventStream).Body.String()
	rest := r.get(t, path+"/results", "Accept", eventStream, "Last-Event-ID", "2").Body.String()
	if strings.Count(whole, "event: result\n") != 3 || strings.Count(rest, "event: result\n") != 1 || !strings.Contains(rest, "id: 3\n") {
		t.Errorf("the rest of\n%s\nis\n%s", whole, rest)
	}
	for _, stream := range []string{whole, rest} {
		if last := stream[strings.LastIndex(stream, "event: "):]; !strings.HasPrefix(last, "event: end\n") {
			t.Errorf("the last event is %s", last)
		}
	}
}

// A browser connects again with the address of the beginning.
func TestAStreamThatConnectsAgainRepeatsNothing(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	r.work(t)
	path := r.submit(t, `{"prompts": ["rose", "lemon", "cedar"], "num_molecules": 1}`)
	r.get(t, path+"/results", "Accept", eventStream) // until the end
	for _, c := range []struct{ query, last, first string }{
		{"?after=1", "2", "id: 3\n"},
		{"?after=2", "1", "id: 3\n"},
		{"?after=0", "x", "id: 1\n"},
	} {
		rest := r.get(t, path+"/results"+c.query, "Accept", eventStream, "Last-Event-ID", c.last).Body.String()
		if !strings.HasPrefix(rest, c.first) {
			t.Errorf("%s behind %s: %s", c.query, c.last, rest)
		}
	}
	over := r.get(t, path+"/results?after=1", "Accept", eventStream, "Last-Event-ID", "3")
	if over.Code != http.StatusNoContent || over.Body.Len() > 0 {
		t.Errorf("with nothing left: %d %s, want what ends a browser's attempts", over.Code, over.Body)
	}
}

func TestAStreamShowsThatItLivesAndEndsAfterAWhile(t *testing.T) {
	for _, mediaType := range []string{eventStream, jsonLines} {
		synctest.Test(t, func(t *testing.T) {
			r := newRecorded(t, job.Config{}, nil)
			path := r.submit(t, `{"prompts": ["rose"]}`)
			ctx, cancel := context.WithTimeout(t.Context(), 2*longestStream)
			defer cancel()
			rec := send(r, httptest.NewRequestWithContext(ctx, http.MethodGet, path+"/results", nil), "Accept", mediaType)
			if ctx.Err() != nil || strings.Count(rec.Body.String(), "\n") < int(longestStream/look)-1 {
				t.Errorf("%s: %v: %q", mediaType, ctx.Err(), rec.Body)
			}
		})
	}
}

func TestTheStreamsOfAPrincipalAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorded(t, job.Config{}, nil)
		path := r.submit(t, `{"prompts": ["rose"]}`) + "/results"
		ctx, leave := context.WithCancel(t.Context())
		for range mostStreams {
			go send(r, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil), "Accept", eventStream)
		}
		synctest.Wait()
		refused := r.get(t, path, "Accept", jsonLines)
		wantProblem(t, refused, problem.QuotaExceeded)
		if refused.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if page := r.get(t, path); page.Code != http.StatusOK {
			t.Errorf("a page has status %d", page.Code)
		}
		wantProblem(t, r.get(t, path, "Accept", jsonLines, "Gate-Principal", "bob"), problem.NotFound)
		leave()
		synctest.Wait()
		if stream := r.get(t, path, "Accept", jsonLines); stream.Code != http.StatusOK {
			t.Errorf("when others are over, a stream has status %d", stream.Code)
		}
	})
}

// The job never ends, but the answer does.
func TestAskingForTheHeaderOfAStreamFollowsNothing(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	path := r.submit(t, `{"prompts": ["rose"]}`)
	for _, mediaType := range []string{eventStream, jsonLines} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*look)
		request := httptest.NewRequestWithContext(ctx, http.MethodHead, path+"/results", nil)
		rec := send(r, request, "Accept", mediaType)
		if ctx.Err() != nil || rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != mediaType || rec.Body.Len() > 0 {
			t.Errorf("%s: %d %v, %v: %s", mediaType, rec.Code, rec.Header(), ctx.Err(), rec.Body)
		}
		cancel()
		unknown := httptest.NewRequest(http.MethodHead, "/api/v1/jobs/none/results", nil)
		if rec := send(r, unknown, "Accept", mediaType); rec.Code != http.StatusNotFound {
			t.Errorf("%s: an unknown job has %d", mediaType, rec.Code)
		}
	}
}

// gate is an engine that answers a prompt when it is let.
func gate(open chan struct{}) engine.Engine {
	return funcEngine(func(ctx context.Context, _ engine.Request) (engine.Result, error) {
		select {
		case <-open:
			return engine.Result{}, nil
		case <-ctx.Done():
			return engine.Result{}, ctx.Err()
		}
	})
}

func TestResultsAreStreamedAsTheyComeAndUntilTheServerStops(t *testing.T) {
	open, stopping := make(chan struct{}), make(chan struct{})
	r := newRecorded(t, job.Config{}, func(c *Config) { c.Engines, c.Stopping = []engine.Engine{gate(open)}, stopping })
	r.work(t)
	path := r.submit(t, `{"prompts": ["rose", "lemon"]}`)
	server := httptest.NewServer(r.api)
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path+"/results", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", jsonLines)
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	open <- struct{}{}
	lines := bufio.NewReader(response.Body)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"sequence":1`) {
		t.Errorf("%s, %v", line, err)
	}
	close(stopping)
	if line, err := lines.ReadString('\n'); err == nil {
		t.Errorf("the stream goes on: %s", line)
	}
}

func TestACancelledJobEndsItsStream(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	path := r.submit(t, `{"prompts": ["rose", "lemon"]}`)
	rec := send(r, httptest.NewRequest(http.MethodDelete, path, nil))
	if state := decode(t, rec)["job"].(fields); rec.Code != http.StatusOK || state["state"] != "cancelled" || state["cancelled"] != 2.0 {
		t.Errorf("%d %v", rec.Code, state)
	}
	if stream := r.get(t, path+"/results", "Accept", eventStream).Body.String(); !strings.HasPrefix(stream, "event: end\n") {
		t.Errorf("stream %s", stream)
	}
}

func TestJobsAreTheirPrincipals(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	ada := []string{"Gate-Principal", "ada", "Gate-Tenant", "acme"}
	path := r.submit(t, `{"prompts": ["rose"]}`, ada...)
	for _, other := range [][]string{{}, {"Gate-Principal", "ada"}, {"Gate-Principal", "ada", "Gate-Tenant", "other"}, {"Gate-Principal", "eve", "Gate-Tenant", "acme"}, append(slices.Clone(ada), "Gate-Authority", "https://issuer.example")} {
		for _, target := range []string{path, path + "/results", "/api/v1/jobs?before=" + strings.TrimPrefix(path, "/api/v1/jobs/")} {
			wantProblem(t, r.get(t, target, other...), problem.NotFound)
		}
		wantProblem(t, send(r, httptest.NewRequest(http.MethodDelete, path, nil), other...), problem.NotFound)
		if all := decode(t, r.get(t, "/api/v1/jobs", other...))["jobs"].([]any); len(all) > 0 {
			t.Errorf("%v sees %v", other, all)
		}
	}
	r.submit(t, `{"prompts": ["lemon"]}`, ada...)
	page := decode(t, r.get(t, "/api/v1/jobs?limit=1", ada...))
	second := decode(t, r.get(t, "/api/v1/jobs?limit=2&before="+page["next"].(string), ada...))
	if all := second["jobs"].([]any); len(all) != 1 || all[0].(fields)["results"] != path+"/results" || second["next"] != nil {
		t.Errorf("second page %v", second)
	}
}

func TestTheSameBatchAgainIsTheSameJob(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	key := []string{"Idempotency-Key", "order-1"}
	first := r.submit(t, `{"prompts": ["rose"], "num_molecules": 2}`, key...)
	if again := r.submit(t, `{"num_molecules": 2, "prompts": [ "rose" ]}`, key...); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	other := httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(`{"prompts": ["rose"], "num_molecules": 3}`))
	wantProblem(t, send(r, other, key...), problem.KeyReused)
	wrong := httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(`{"prompts": ["rose"]}`))
	if field, _ := fieldOf(t, wantProblem(t, send(r, wrong, "Idempotency-Key", "a b"), problem.Invalid)); field != "Idempotency-Key" {
		t.Errorf("field %s", field)
	}
}

func TestTooManyOpenPromptsAreRefused(t *testing.T) {
	r := newRecorded(t, job.Config{MaxShare: 2, MaxOpen: 3}, nil)
	r.submit(t, `{"prompts": ["rose", "lemon"]}`)
	refused := func(kind *problem.Kind, header ...string) {
		t.Helper()
		request := httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(`{"prompts": ["rose", "lemon"]}`))
		rec := send(r, request, header...)
		wantProblem(t, rec, kind)
		if rec.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	refused(problem.QuotaExceeded)
	refused(problem.RecordsUnavailable, "Gate-Principal", "bob")
}

func TestTooManyKeptJobsAreRefused(t *testing.T) {
	r := newRecorded(t, job.Config{MaxJobs: 1}, nil)
	r.submit(t, `{"prompts": ["rose"]}`)
	rec := send(r, httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(`{"prompts": ["lemon"]}`)))
	p := wantProblem(t, rec, problem.QuotaExceeded)
	if !strings.Contains(fmt.Sprint(p["detail"]), "kept") || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%v, %v", p, rec.Header())
	}
}

func TestWhatIsWrongWithABatchIsNamed(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	many := `{"prompts": [` + strings.Repeat(`"rose",`, maxBatch) + `"rose"]}`
	for body, field := range map[string]string{
		`{}`:                                    "/prompts",
		`{"prompts": []}`:                       "/prompts",
		many:                                    "/prompts",
		`{"prompts": "rose"}`:                   "/prompts",
		`{"prompts": ["rose", ""]}`:             "/prompts/1",
		`{"prompts": ["rose", 5]}`:              "/prompts/1",
		`{"prompts": ["rose"], "prompt": "x"}`:  "/prompt",
		`{"prompts": ["rose"], "stream": true}`: "/stream",
		`{"prompts": ["rose"], "priority": "urgent"}`:    "/priority",
		`{"prompts": ["rose"], "num_molecules": 51}`:     "/num_molecules",
		`{"prompts": ["rose"], "like": "C1"}`:            "/like",
		`{"prompts": ["rose"], "constraints": {"x": 1}}`: "/constraints/x",
	} {
		rec := send(r, httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(body)))
		if got, _ := fieldOf(t, wantProblem(t, rec, problem.Invalid)); got != field {
			t.Errorf("%.60s: field %s, want %s", body, got, field)
		}
	}
	large := httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(`{"prompts": ["`+strings.Repeat("x", maxBatchBody)+`"]}`))
	wantProblem(t, send(r, large), problem.TooLarge)
	if all := decode(t, r.get(t, "/api/v1/jobs"))["jobs"].([]any); len(all) > 0 {
		t.Errorf("taken in: %v", all)
	}
}

// A prompt whose engine breaks is tried again, and then has a problem for an
// answer. What the cause was stays with us.
func TestABrokenPromptBecomesADeadLetter(t *testing.T) {
	attempts := 0
	r := newRecorded(t, job.Config{MaxAttempts: 2, Backoff: time.Millisecond}, func(c *Config) {
		c.Engines = []engine.Engine{funcEngine(func(context.Context, engine.Request) (engine.Result, error) {
			if attempts++; attempts == 1 {
				panic("secret cause")
			}
			return engine.Result{}, errors.New("secret cause")
		})}
	})
	r.work(t)
	path := r.submit(t, `{"prompts": ["rose"]}`)
	stream := r.get(t, path+"/results", "Accept", eventStream).Body.String()
	if !strings.Contains(stream, problem.Internal.URI()) || !strings.Contains(stream, `"attempts":2`) || strings.Contains(stream, "secret") {
		t.Errorf("stream %s", stream)
	}
}

func TestWithoutRecordsPromptsAreStillAnswered(t *testing.T) {
	broken := &store.Error{Path: "/x/records.db", Reason: store.Full}
	for state, err := range map[string]error{"off": ErrNoRecords, "opening": ErrOpening, "degraded": broken} {
		h := newAPI(t, func(c *Config) { c.Records = func() (*Records, error) { return nil, err } })
		for _, r := range []*http.Request{
			httptest.NewRequest(http.MethodPost, batchPath, strings.NewReader(`{"prompts": ["rose"]}`)),
			httptest.NewRequest(http.MethodGet, "/api/v1/jobs", nil),
			httptest.NewRequest(http.MethodPost, "/api/v1/molecules/"+moleculeID("CCO")+"/feedback", strings.NewReader(`{"rating": 5}`)),
		} {
			rec := send(h, r)
			if body := wantProblem(t, rec, problem.RecordsUnavailable); strings.Contains(fmt.Sprint(body), "/x/") {
				t.Errorf("the client sees the file: %v", body)
			}
			if again := rec.Header().Get("Retry-After") != ""; again != (state != "off") {
				t.Errorf("%s: Retry-After %t", state, again)
			}
		}
		if rec := post(h, `{"prompt": "rose"}`); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", state, rec.Code)
		}
		ready := decode(t, send(h, httptest.NewRequest(http.MethodGet, "/health/ready", nil)))
		if ready["records"] != state || state == "degraded" && !strings.Contains(fmt.Sprint(ready["detail"]), "/x/records.db") {
			t.Errorf("health %v, want %s", ready, state)
		}
	}
}

func TestFeedbackIsAboutAMoleculeOfAnAnswer(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	m := moleculesOf(t, post(r, `{"prompt": "rose", "num_molecules": 1}`))[0]
	rate := func(id, body string) *httptest.ResponseRecorder {
		return send(r, httptest.NewRequest(http.MethodPost, "/api/v1/molecules/"+id+"/feedback", strings.NewReader(body)))
	}
	for _, body := range []string{`{"rating": 2}`, `{"rating": 5, "comment": "like my garden", "prompt": "rose"}`} {
		if rec := rate(m["id"].(string), body); rec.Code != http.StatusOK || decode(t, rec)["smiles"] != m["smiles"] {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	}
	entry, found, err := r.records.Feedback.Find(t.Context(), localPrincipal, m["smiles"].(string))
	if err != nil || !found || entry.Rating != 5 || entry.Comment != "like my garden" || entry.Prompt != "rose" {
		t.Errorf("%+v, %t, %v", entry, found, err)
	}
	for _, id := range []string{"x", moleculeID("OCC"), moleculeID("C1"), moleculeID("nonsense"), moleculeID("CCO") + "="} {
		wantProblem(t, rate(id, `{"rating": 5}`), problem.NotFound)
	}
	for body, field := range map[string]string{
		`{}`: "/rating", `{"rating": 0}`: "/rating", `{"rating": 5.5}`: "/rating", `{"rating": 1, "who": "me"}`: "/who",
		`{"rating": 1, "comment": "` + strings.Repeat("x", maxComment+1) + `"}`: "/comment",
	} {
		if got, _ := fieldOf(t, wantProblem(t, rate(moleculeID("CCO"), body), problem.Invalid)); got != field {
			t.Errorf("%.40s: field %s", body, got)
		}
	}
}

func TestMetricsNameTheRouteAndNotTheJob(t *testing.T) {
	r := newRecorded(t, job.Config{}, nil)
	r.get(t, r.submit(t, `{"prompts": ["rose"]}`))
	page := r.get(t, "/metrics").Body.String()
	if !strings.Contains(page, `inference_requests_total{route="/api/v1/jobs/{id}",status="200"} 1`) {
		t.Errorf("metrics:\n%s", page)
	}
}

func FuzzParseBatch(f *testing.F) {
	library, err := odor.Default()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"prompts": ["rose", "\u00e9"], "priority": "high", "num_molecules": 5e0}`, `{"prompts": [[]]}`, `{"prompts": null}`,
		`{"prompts": ["x"], "constraints": {"must": ["rose"]}, "like": "CCO"}`, `[]`, `{"prompts": ["\ud800"]}`, `{"prompts": ["x"], "prompts": ["y"]}`,
	} {
		f.Add([]byte(seed), "key-1")
	}
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		o, err := newObject(body)
		var s job.Submission
		if err == nil {
			s, err = parseBatch(o, library.Vocabulary(), []string{"library"}, 0, key)
		}
		if err != nil {
			if p := (*problem.Problem)(nil); !errors.As(err, &p) || p.Kind != problem.Malformed && p.Kind != problem.Invalid {
				t.Fatalf("%q is refused by %v", body, err)
			}
			return
		}
		if n := len(s.Payloads); n < 1 || n > maxBatch || len(s.Key) > maxKey {
			t.Errorf("%q: %d prompts, key %q", body, n, s.Key)
		}
		// what was taken in can be worked on
		a := &api{vocabulary: library.Vocabulary(), names: []string{"library"}}
		for _, payload := range s.Payloads {
			if _, err := a.readItem(job.Item{Shared: s.Shared, Payload: payload}); err != nil {
				t.Errorf("%q was taken in, and its prompt %q is refused: %v", body, payload, err)
			}
		}
	})
}
