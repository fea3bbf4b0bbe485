package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/odordiff/odordiff/internal/problem"
)

// description is the part of the document that tests look at.
type description struct {
	Paths map[string]map[string]struct {
		Parameters  []map[string]any `json:"parameters"`
		RequestBody *struct {
			Content map[string]any `json:"content"`
		} `json:"requestBody"`
		Responses map[string]struct {
			Ref     string                    `json:"$ref"`
			Content map[string]map[string]any `json:"content"`
		} `json:"responses"`
	} `json:"paths"`
}

var described = sync.OnceValue(func() description {
	var d description
	if err := json.Unmarshal(document, &d); err != nil {
		panic(err)
	}
	return d
})

var (
	schemasMutex sync.Mutex
	schemas      = sync.OnceValue(newSchemas)
)

func newSchemas() *jsonschema.Compiler {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("api.json", value); err != nil {
		panic(err)
	}
	return c
}

// schemaAt returns the schema at a place in the document.
func schemaAt(t testing.TB, tokens ...string) *jsonschema.Schema {
	t.Helper()
	var pointer strings.Builder
	for _, token := range tokens {
		token = strings.NewReplacer("~", "~0", "/", "~1").Replace(token)
		pointer.WriteString("/" + url.PathEscape(token))
	}
	schemasMutex.Lock()
	defer schemasMutex.Unlock()
	schema, err := schemas().Compile("api.json#" + pointer.String())
	if err != nil {
		t.Fatalf("%v: %v", tokens, err)
	}
	return schema
}

// gatewaySchemas are the shipped policy's schemas of the paths.
var gatewaySchemas = map[string]string{
	"/api/v1/generate":                "generate.json",
	"/api/v1/generate/batch":          "batch.json",
	"/api/v1/assess/safety":           "safety.json",
	"/api/v1/design/fragrance":        "fragrance.json",
	"/api/v1/molecules/{id}/feedback": "feedback.json",
}

// pathOf returns the path of the document that a request's path is one of.
func pathOf(r *http.Request) string {
	if _, ok := described().Paths[r.URL.Path]; ok {
		return r.URL.Path
	}
	for path := range described().Paths {
		pattern := "^" + strings.ReplaceAll(path, "{id}", "[^/]+") + "$"
		if strings.Contains(path, "{id}") && regexp.MustCompile(pattern).MatchString(r.URL.Path) {
			return path
		}
	}
	return r.URL.Path
}

func gatewaySchema(t testing.TB, path string) *jsonschema.Schema {
	t.Helper()
	schemasMutex.Lock()
	defer schemasMutex.Unlock()
	schema, err := schemas().Compile("../../policies/schemas/" + gatewaySchemas[path])
	if err != nil {
		t.Fatalf("the gateway's schema of %s: %v", path, err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// documented holds what passes through a handler against the document.
func documented(t testing.TB, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, recorded := w.(*httptest.ResponseRecorder)
		if !recorded {
			h.ServeHTTP(w, r)
			return
		}
		var sent bytes.Buffer
		r.Body = io.NopCloser(io.TeeReader(r.Body, &sent))
		h.ServeHTTP(w, r)
		if rec.Body.Len() > 0 {
			checkResponse(t, r, rec)
			checkRequest(t, r, sent.Bytes(), rec)
		}
	})
}

func checkResponse(t testing.TB, r *http.Request, rec *httptest.ResponseRecorder) {
	t.Helper()
	mediaType, _, err := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	if err != nil {
		t.Errorf("%s: %v", r.URL, err)
		return
	}
	at := []string{"components", "responses", "Problem", "content", mediaType}
	if operation, ok := described().Paths[pathOf(r)][strings.ToLower(r.Method)]; ok {
		status := fmt.Sprint(rec.Code)
		response, ok := operation.Responses[status]
		if !ok {
			response = operation.Responses["default"]
		}
		if response.Ref == "" {
			at = []string{"paths", pathOf(r), strings.ToLower(r.Method), "responses", status, "content", mediaType}
		}
	} else if mediaType != problem.ContentType {
		return // of a route that is not for clients
	}
	switch mediaType {
	case "application/json", problem.ContentType:
		if err := validate(schemaAt(t, append(at, "schema")...), rec.Body.Bytes()); err != nil {
			t.Errorf("%s %s answers %d, not as documented: %v\n%s", r.Method, r.URL, rec.Code, err, rec.Body)
		}
	case eventStream:
		for _, e := range events(t, rec.Body.String()) {
			if err := validate(schemaAt(t, append(at, "x-events", e.name)...), []byte(e.data)); err != nil {
				t.Errorf("event %s is not as documented: %v\n%s", e.name, err, e.data)
			}
		}
	default:
		schemaAt(t, append(at, "schema")...)
	}
}

// beyondSchema are the refusals that a schema cannot express.
var beyondSchema = regexp.MustCompile(`is not a SMILES|is no possible molecule|atoms other than hydrogen|must be one molecule|is no known descriptor|must not be less than|^refuses |the safety screen refuses it|the floor that the operator has set|letters, digits, -, _ or`)

func checkRequest(t testing.TB, r *http.Request, body []byte, rec *httptest.ResponseRecorder) {
	t.Helper()
	operation := described().Paths[pathOf(r)][strings.ToLower(r.Method)]
	if operation.RequestBody == nil || !json.Valid(body) {
		return
	}
	wrong := validate(schemaAt(t, "paths", pathOf(r), strings.ToLower(r.Method), "requestBody", "content", "application/json", "schema"), body)
	if refused := validate(gatewaySchema(t, pathOf(r)), body); (refused == nil) != (wrong == nil) {
		t.Errorf("of %s the document says %v, the gateway's schema %v", body, wrong, refused)
	}
	switch refused := refusedFields(t, rec); {
	case rec.Code < http.StatusMultipleChoices && wrong != nil:
		t.Errorf("%s is answered, but the document refuses it: %v", body, wrong)
	case len(refused) > 0 && wrong == nil && !slices.ContainsFunc(refused, beyondSchema.MatchString):
		t.Errorf("%s is refused, but the document admits it: %s", body, rec.Body)
	}
}

// refusedFields returns the messages about fields, none for other answers.
func refusedFields(t testing.TB, rec *httptest.ResponseRecorder) []string {
	t.Helper()
	var messages []string
	if rec.Code != http.StatusUnprocessableEntity {
		return nil
	}
	body := decode(t, rec)
	if body["type"] != problem.Invalid.URI() {
		return nil
	}
	for _, e := range body["errors"].([]any) {
		messages = append(messages, e.(fields)["message"].(string))
	}
	return messages
}

func TestEveryRouteIsDocumentedAndViceVersa(t *testing.T) {
	var want, got []string
	for _, r := range new(api).routes() {
		if r.path == "/metrics" {
			// for a scraper beside the backend; the gateway lets nobody come here
			continue
		}
		for _, method := range r.methods {
			if method != http.MethodHead {
				want = append(want, method+" "+r.path)
			}
		}
	}
	for path, operations := range described().Paths {
		for method := range operations {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-) and document (+): %s", diff)
	}
}

func TestTheDocumentAsksForACredentialWhereTheGatewayDoes(t *testing.T) {
	type requirements = []map[string][]string
	var d struct {
		Security requirements `json:"security"`
		Paths    map[string]map[string]struct {
			Security *requirements `json:"security"`
		} `json:"paths"`
		Components struct {
			Schemes map[string]any `json:"securitySchemes"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Security) == 0 {
		t.Error("no credential is asked for")
	}
	for _, requirement := range d.Security {
		if len(requirement) == 0 {
			t.Error("a credential is said to be optional")
		}
		for scheme := range requirement {
			if d.Components.Schemes[scheme] == nil {
				t.Errorf("there is no scheme %q", scheme)
			}
		}
	}
	for path, operations := range d.Paths {
		public := path == "/api/v1/openapi.json" || strings.HasPrefix(path, "/health/")
		for method, operation := range operations {
			if got := operation.Security != nil && len(*operation.Security) == 0; got != public {
				t.Errorf("%s %s: public is %t, want %t", method, path, got, public)
			}
		}
	}
}

func TestEverySchemaOfTheDocumentCompiles(t *testing.T) {
	var d struct {
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	for name := range d.Components.Schemas {
		schemaAt(t, "components", "schemas", name)
		if !bytes.Contains(document, []byte(`"#/components/schemas/`+name+`"`)) {
			t.Errorf("nothing refers to the schema %s", name)
		}
	}
}

// The document names each parameter that a handler takes, and its bounds.
func TestParametersAreAsDocumented(t *testing.T) {
	h := newAPI(t, nil)
	for path, operations := range described().Paths {
		operation, ok := operations["get"]
		if !ok || len(operation.Parameters) == 0 || operation.Parameters[0]["$ref"] != "#/components/parameters/SMILES" {
			continue
		}
		for _, p := range operation.Parameters[1:] {
			name, bounds := p["name"].(string), p["schema"].(fields)
			least, most := bounds["minimum"].(float64), bounds["maximum"].(float64)
			for value, want := range map[float64]int{least - 1: 422, least: 200, most: 200, most + 1: 422} {
				query := url.Values{"smiles": {"CCO"}, name: {fmt.Sprint(value)}}
				rec := send(h, httptest.NewRequest(http.MethodGet, path+"?"+query.Encode(), nil))
				if rec.Code != want {
					t.Errorf("%s?%s: %d, want %d", path, query.Encode(), rec.Code, want)
				}
			}
		}
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	h := newAPI(t, nil)
	rec := send(h, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil))
	if rec.Code != http.StatusOK || !bytes.Equal(rec.Body.Bytes(), document) || rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	again := send(h, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil), "If-None-Match", rec.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("the same again is answered %d", again.Code)
	}
}
