package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/engine/library"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
	"github.com/odordiff/odordiff/internal/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// funcEngine lets a test be the engine.
type funcEngine func(ctx context.Context, request engine.Request) (engine.Result, error)

func (funcEngine) Name() string { return "test" }

func (f funcEngine) Generate(ctx context.Context, request engine.Request) (engine.Result, error) {
	return f(ctx, request)
}

func load[T any](t testing.TB, open func() (T, error)) T {
	t.Helper()
	value, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func config(t testing.TB) Config {
	t.Helper()
	return Config{
		Engines:       []engine.Engine{load(t, library.New)},
		Library:       load(t, odor.Default),
		Index:         load(t, engine.DefaultIndex),
		Predictor:     load(t, predict.Default),
		MaxConcurrent: 2,
		MaxQueued:     2,
		Timeout:       time.Minute,
		Logger:        slog.New(slog.DiscardHandler),
	}
}

func newAPI(t testing.TB, change func(*Config)) http.Handler {
	t.Helper()
	c := config(t)
	if change != nil {
		change(&c)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return documented(t, h)
}

func post(h http.Handler, body string, header ...string) *httptest.ResponseRecorder {
	return send(h, httptest.NewRequest(http.MethodPost, "/api/v1/generate", strings.NewReader(body)), header...)
}

func send(h http.Handler, r *http.Request, header ...string) *httptest.ResponseRecorder {
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

type fields = map[string]any

func decode(t testing.TB, rec *httptest.ResponseRecorder) fields {
	t.Helper()
	var body fields
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %s", err, rec.Body)
	}
	return body
}

func wantProblem(t testing.TB, rec *httptest.ResponseRecorder, kind *problem.Kind) fields {
	t.Helper()
	body := decode(t, rec)
	if rec.Code != kind.Status || body["type"] != kind.URI() || rec.Header().Get("Content-Type") != problem.ContentType {
		t.Fatalf("status %d, type %q, body %s; want %s", rec.Code, rec.Header().Get("Content-Type"), rec.Body, kind.Name)
	}
	if body["request_id"] == "" || body["request_id"] != rec.Header().Get("X-Request-Id") {
		t.Errorf("request id %v in the body, %q in the header", body["request_id"], rec.Header().Get("X-Request-Id"))
	}
	return body
}

func TestGenerateAnswersWithMolecules(t *testing.T) {
	rec := post(newAPI(t, nil), `{"prompt": "fresh citrus over wet cedar, no musk, asdf", "num_molecules": 3, "seed": 7}`)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	body := decode(t, rec)
	if body["engine"] != "library" || body["prompt"] != "fresh citrus over wet cedar, no musk, asdf" || body["request_id"] != rec.Header().Get("X-Request-Id") {
		t.Errorf("head of the answer: %v", body)
	}
	interpretation := body["interpretation"].(fields)
	if got := interpretation["excluded"].([]any)[0].(fields); got["name"] != "musk" || got["weight"] != 1.0 {
		t.Errorf("excluded: %v", got)
	}
	if got := interpretation["unrecognised"].([]any); len(got) != 1 || got[0] != "asdf" {
		t.Errorf("unrecognised: %v", got)
	}
	molecules := body["molecules"].([]any)
	if len(molecules) != 3 {
		t.Fatalf("%d molecules, want 3", len(molecules))
	}
	for _, m := range molecules {
		checkMolecule(t, m.(fields))
	}
}

// checkMolecule compares what is said of a molecule with what follows from its
// SMILES.
func checkMolecule(t *testing.T, m fields) {
	t.Helper()
	structure, err := chem.Parse(m["smiles"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if structure.SMILES() != m["smiles"] {
		t.Errorf("%v is not canonical: %s", m["smiles"], structure.SMILES())
	}
	properties, estimates := m["properties"].(fields), property.Of(structure)
	for name, want := range map[string]any{
		"formula": structure.Formula(), "heavy_atoms": float64(structure.HeavyAtoms()), "rings": float64(structure.Rings()),
		"hbond_donors": float64(estimates.HBondDonors), "hbond_acceptors": float64(estimates.HBondAcceptors),
		"rotatable_bonds": float64(estimates.RotatableBonds), "molecular_weight": round(structure.Weight(), 3),
		"monoisotopic_mass": round(structure.MonoisotopicMass(), 5),
		"logp":              round(estimates.LogP, 2), "tpsa": round(estimates.TPSA, 2),
		"boiling_point": math.Round(estimates.BoilingPoint + property.AbsoluteZero),
	} {
		if properties[name] != want {
			t.Errorf("%v: %s is %v, want %v", m["name"], name, properties[name], want)
		}
	}
	profile := m["odor_profile"].(fields)
	if m["name"] == "" || m["source"] != "library" || profile["note"] == "" || len(profile["descriptors"].([]any)) == 0 {
		t.Errorf("incomplete: %v", m)
	}
}

func TestListsAreEmptyNotNull(t *testing.T) {
	body := decode(t, post(newAPI(t, nil), `{"prompt": "lemon, but no citrus"}`))
	if m, ok := body["molecules"].([]any); !ok || len(m) != 0 {
		t.Errorf("molecules: %v", body["molecules"])
	}
	for _, name := range []string{"descriptors", "excluded", "notes", "unrecognised"} {
		if _, ok := body["interpretation"].(fields)[name].([]any); !ok {
			t.Errorf("%s is no list: %v", name, body["interpretation"])
		}
	}
}

func TestNumMoleculesDefaultsToFive(t *testing.T) {
	if n := len(decode(t, post(newAPI(t, nil), `{"prompt": "rose"}`))["molecules"].([]any)); n != defaultMolecules {
		t.Errorf("%d molecules", n)
	}
}

func TestRequestReachesTheEngine(t *testing.T) {
	var got engine.Request
	h := newAPI(t, func(c *Config) {
		c.Engines = []engine.Engine{funcEngine(func(_ context.Context, request engine.Request) (engine.Result, error) {
			got = request
			return engine.Result{}, nil
		})}
	})
	post(h, `{"prompt": "rose", "num_molecules": 50.0, "seed": -3}`)
	if got.Prompt != "rose" || got.Count != 50 || got.Seed == nil || *got.Seed != -3 {
		t.Errorf("the engine got %+v", got)
	}
	post(h, `{"prompt": "rose"}`)
	if got.Seed != nil {
		t.Errorf("seed %d out of nothing", *got.Seed)
	}
}

func TestInvalidFieldsAreNamed(t *testing.T) {
	tests := []struct {
		name, body string
		fields     []string
	}{
		{"prompt missing", `{}`, []string{"/prompt"}},
		{"prompt null", `{"prompt": null}`, []string{"/prompt"}},
		{"prompt a number", `{"prompt": 5}`, []string{"/prompt"}},
		{"prompt a list", `{"prompt": ["rose"]}`, []string{"/prompt"}},
		{"prompt empty", `{"prompt": ""}`, []string{"/prompt"}},
		{"prompt too long", `{"prompt": "` + strings.Repeat("é", 1001) + `"}`, []string{"/prompt"}},
		{"count zero", `{"prompt": "rose", "num_molecules": 0}`, []string{"/num_molecules"}},
		{"count negative", `{"prompt": "rose", "num_molecules": -1}`, []string{"/num_molecules"}},
		{"count too large", `{"prompt": "rose", "num_molecules": 51}`, []string{"/num_molecules"}},
		{"count huge", `{"prompt": "rose", "num_molecules": 1e300}`, []string{"/num_molecules"}},
		{"count over every float", `{"prompt": "rose", "num_molecules": 1e999}`, []string{"/num_molecules"}},
		{"count a fraction", `{"prompt": "rose", "num_molecules": 2.5}`, []string{"/num_molecules"}},
		{"count a string", `{"prompt": "rose", "num_molecules": "5"}`, []string{"/num_molecules"}},
		{"count null", `{"prompt": "rose", "num_molecules": null}`, []string{"/num_molecules"}},
		{"seed a fraction", `{"prompt": "rose", "seed": 0.5}`, []string{"/seed"}},
		{"seed too large to be exact", `{"prompt": "rose", "seed": 9007199254740993}`, []string{"/seed"}},
		{"unknown field", `{"prompt": "rose", "heat": 1}`, []string{"/heat"}},
		{"unknown field with a slash", `{"prompt": "rose", "a/b~c": 1}`, []string{"/a~1b~0c"}},
		{"another case", `{"Prompt": "rose"}`, []string{"/prompt", "/Prompt"}},
		{"all at once", `{"prompt": 1, "num_molecules": "x", "z": 1, "a": 1}`, []string{"/prompt", "/num_molecules", "/a", "/z"}},
		{"a list", `["rose"]`, []string{""}},
		{"null", `null`, []string{""}},
		{"a string", `"rose"`, []string{""}},
	}
	h := newAPI(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, e := range wantProblem(t, post(h, tt.body), problem.Invalid)["errors"].([]any) {
				got = append(got, e.(fields)["field"].(string))
			}
			if strings.Join(got, " ") != strings.Join(tt.fields, " ") {
				t.Errorf("fields %q, want %q", got, tt.fields)
			}
		})
	}
}

func TestPromptLengthCountsCharacters(t *testing.T) {
	body := `{"prompt": "rose ` + strings.Repeat("é", 995) + `"}`
	if rec := post(newAPI(t, nil), body); rec.Code != http.StatusOK {
		t.Errorf("1000 characters in more bytes: %d %s", rec.Code, rec.Body)
	}
}

func TestMalformedBodies(t *testing.T) {
	tests := []struct{ name, body, detail string }{
		{"empty", ``, "byte 0"},
		{"broken off", `{"prompt": "ro`, "byte"},
		{"text", `prompt=rose`, "byte 0"},
		{"two values", `{"prompt": "rose"} {}`, "byte 19"},
		{"bad UTF-8", "{\"prompt\": \"\xff\"}", "byte 12"},
		{"lone surrogate", `{"prompt": "\ud800"}`, "byte"},
		{"name twice", `{"prompt": "rose", "prompt": "musk"}`, `the name "prompt" occurs twice`},
		{"name twice inside", `{"prompt": {"a": 1, "a": 2}}`, `the name "a" occurs twice`},
		{"comment", `{"prompt": "rose" /* */}`, "byte 18"},
		{"very deep", strings.Repeat("[", 30000), "byte"},
	}
	h := newAPI(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			detail := wantProblem(t, post(h, tt.body), problem.Malformed)["detail"].(string)
			if !strings.Contains(detail, tt.detail) {
				t.Errorf("detail %q, want %q", detail, tt.detail)
			}
		})
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	body := io.MultiReader(strings.NewReader(`{"prompt"`), errReader{})
	wantProblem(t, send(newAPI(t, nil), httptest.NewRequest(http.MethodPost, "/api/v1/generate", body)), problem.Malformed)
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestBodyTooLarge(t *testing.T) {
	h := newAPI(t, nil)
	padded := func(size int) string {
		const body = `{"prompt": "rose"}`
		return body + strings.Repeat(" ", size-len(body))
	}
	if rec := post(h, padded(maxBody)); rec.Code != http.StatusOK {
		t.Errorf("%d bytes: %d", maxBody, rec.Code)
	}
	wantProblem(t, post(h, padded(maxBody+1)), problem.TooLarge)
}

func TestContentType(t *testing.T) {
	h := newAPI(t, nil)
	for _, ok := range []string{"application/json", "Application/JSON; charset=UTF-8", "application/json;charset=utf-8"} {
		if rec := post(h, `{"prompt": "rose"}`, "Content-Type", ok); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", ok, rec.Code)
		}
	}
	for _, bad := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx", ";;"} {
		wantProblem(t, post(h, `{"prompt": "rose"}`, "Content-Type", bad), problem.Unsupported)
	}
}

func TestMethods(t *testing.T) {
	h := newAPI(t, nil)
	for _, tt := range []struct{ method, path, allow string }{
		{http.MethodGet, "/api/v1/generate", "POST"},
		{http.MethodPut, "/api/v1/generate", "POST"},
		{http.MethodOptions, "/api/v1/generate", "POST"},
		{http.MethodPost, "/health/live", "GET, HEAD"},
		{http.MethodDelete, "/metrics", "GET, HEAD"},
	} {
		rec := send(h, httptest.NewRequest(tt.method, tt.path, nil))
		wantProblem(t, rec, problem.MethodNotAllowed)
		if allow := rec.Header().Get("Allow"); allow != tt.allow {
			t.Errorf("%s %s: Allow %q, want %q", tt.method, tt.path, allow, tt.allow)
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	h := newAPI(t, nil)
	for _, path := range []string{"/", "/api/v1/", "/api/v1/generate/", "/api/v2/generate", "/favicon.ico"} {
		wantProblem(t, send(h, httptest.NewRequest(http.MethodGet, path, nil)), problem.NotFound)
	}
}

func TestPromptsThatSayNothingAreRefusedWithWhatWasUnderstood(t *testing.T) {
	body := wantProblem(t, post(newAPI(t, nil), `{"prompt": "Sandlewod, лимон"}`), problem.NotUnderstood)
	if got, want := asJSON(t, body["errors"].([]any)[0].(fields)["suggestions"]), `["sandalwood"]`; got != want {
		t.Errorf("suggestions %s, want %s", got, want)
	}
	if got, want := asJSON(t, body["interpretation"].(fields)["suggestions"]), `[{"known":["sandalwood"],"word":"Sandlewod"}]`; got != want {
		t.Errorf("suggestions of the interpretation %s, want %s", got, want)
	}
	body = wantProblem(t, post(newAPI(t, nil), `{"prompt": "qwerty, no musk"}`), problem.NotUnderstood)
	if field := body["errors"].([]any)[0].(fields)["field"]; field != "/prompt" {
		t.Errorf("field %v", field)
	}
	interpretation := body["interpretation"].(fields)
	if interpretation["unrecognised"].([]any)[0] != "qwerty" || interpretation["excluded"].([]any)[0].(fields)["name"] != "musk" {
		t.Errorf("interpretation %v", interpretation)
	}
}

func TestRequestIDs(t *testing.T) {
	h := newAPI(t, nil)
	for _, tt := range []struct {
		name  string
		field string
		id    string
		kept  bool
	}{
		{"UUID", "X-Request-Id", "7c0e2f2a-0b5c-4d0e-9d0b-1f2e3d4c5b6a", true},
		{"the other field", "Request-Id", "abc_DEF.1", true},
		{"longest", "X-Request-Id", strings.Repeat("a", 128), true},
		{"too long", "X-Request-Id", strings.Repeat("a", 129), false},
		{"line break", "X-Request-Id", "a\r\nSet-Cookie: x", false},
		{"quote", "X-Request-Id", `a"b`, false},
		{"not ASCII", "X-Request-Id", "é", false},
		{"empty", "X-Request-Id", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := post(h, `{"prompt": "rose"}`, tt.field, tt.id)
			got := rec.Header().Get("X-Request-Id")
			if (got == tt.id) != tt.kept || !isSafeID(got) || decode(t, rec)["request_id"] != got {
				t.Errorf("sent %q, got %q", tt.id, got)
			}
		})
	}
	if a, b := post(h, `{}`).Header().Get("X-Request-Id"), post(h, `{}`).Header().Get("X-Request-Id"); a == b {
		t.Errorf("two requests are both %s", a)
	}
}

func TestHealth(t *testing.T) {
	stopping := make(chan struct{})
	h := newAPI(t, func(c *Config) { c.Stopping = stopping })
	get := func(path string) *httptest.ResponseRecorder {
		return send(h, httptest.NewRequest(http.MethodGet, path, nil))
	}
	if rec := get("/health/ready"); rec.Code != http.StatusOK || decode(t, rec)["engine"] != "library" {
		t.Errorf("ready: %d %s", rec.Code, rec.Body)
	}
	close(stopping)
	if rec := get("/health/ready"); rec.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After while stopping")
	} else {
		wantProblem(t, rec, problem.UpstreamUnavailable)
	}
	if rec := get("/health/live"); rec.Code != http.StatusOK || decode(t, rec)["status"] != "ok" {
		t.Errorf("live while stopping: %d %s", rec.Code, rec.Body)
	}
}

func TestMetricsCountByRouteAndStatus(t *testing.T) {
	h := newAPI(t, nil)
	post(h, `{"prompt": "rose"}`)
	post(h, `{}`)
	send(h, httptest.NewRequest(http.MethodGet, "/made/up/by/the/client", nil))
	page := send(h, httptest.NewRequest(http.MethodGet, "/metrics", nil)).Body.String()
	for _, want := range []string{
		`inference_requests_total{route="/api/v1/generate",status="200"} 1`,
		`inference_requests_total{route="/api/v1/generate",status="422"} 1`,
		`inference_requests_total{route="other",status="404"} 1`,
		`inference_request_seconds_count{route="/api/v1/generate",status="2xx"} 1`,
		`inference_request_seconds_count{route="other",status="4xx"} 1`,
		"inference_wait_seconds_count 1", "inference_running 0", "inference_waiting 0",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}

func TestLogsKeepPromptsOut(t *testing.T) {
	var log bytes.Buffer
	h := newAPI(t, func(c *Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	post(h, `{"prompt": "my secret rose"}`, "X-Request-Id", "id-1")
	if s := log.String(); strings.Contains(s, "secret") || !strings.Contains(s, "id-1") || !strings.Contains(s, `"status":200`) {
		t.Errorf("log: %s", s)
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for field, spoil := range map[string]func(*Config){
		"Engines":       func(c *Config) { c.Engines = nil },
		"two Engines":   func(c *Config) { c.Engines = append(c.Engines, c.Engines[0]) },
		"MaxConcurrent": func(c *Config) { c.MaxConcurrent = 0 },
		"MaxQueued":     func(c *Config) { c.MaxQueued = -1 },
		"Timeout":       func(c *Config) { c.Timeout = 0 },
		"a Library":     func(c *Config) { c.Library = nil },
		"an Index":      func(c *Config) { c.Index = nil },
		"a Predictor":   func(c *Config) { c.Predictor = nil },
		"Logger":        func(c *Config) { c.Logger = nil },
	} {
		c := config(t)
		spoil(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v does not name it", field, err)
		}
	}
}
