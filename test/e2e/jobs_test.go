package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
)

const batchPath = "/api/v1/generate/batch"

// batchOf returns the body of a batch.
func batchOf(t *testing.T, prompts []string, more string) string {
	t.Helper()
	text, err := json.Marshal(prompts)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"prompts": %s%s}`, text, more)
}

// submit hands in a batch and returns the path of its job.
func (e *edge) submit(t *testing.T, header http.Header, body string) string {
	t.Helper()
	got := e.send(t, http.MethodPost, batchPath, header, body)
	if got.StatusCode != http.StatusAccepted {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	return got.Header.Get("Location")
}

// results follows a job to its end and returns the lines that are not empty.
func (e *edge) results(t *testing.T, header http.Header, path string) []string {
	t.Helper()
	header = header.Clone()
	header.Set("Accept", "application/x-ndjson")
	got := e.send(t, http.MethodGet, path+"/results", header, "")
	got.wantOK(t)
	return linesOf(string(got.body))
}

// linesOf returns the lines that are not empty.
func linesOf(body string) []string {
	return slices.DeleteFunc(strings.Split(body, "\n"), func(line string) bool { return line == "" })
}

func TestABatchPassesTheGatewayAndBelongsToItsSender(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	ada, bob := bearer(e.token(t, "--subject", "ada")), bearer(e.token(t, "--subject", "bob"))
	path := e.submit(t, ada, batchOf(t, []string{"rose", "citrus and cedar"}, `, "engine": "library", "num_molecules": 1`))
	lines := e.results(t, ada, path)
	if len(lines) != 3 || !strings.Contains(lines[0], `"molecules":[{`) || !strings.Contains(lines[2], `"state":"finished"`) {
		t.Errorf("results %s", lines)
	}
	e.send(t, http.MethodGet, path, bob, "").wantProblem(t, http.StatusNotFound, "not-found")
	bob.Set("Gate-Principal", "ada")
	e.send(t, http.MethodDelete, path, bob, "").wantProblem(t, http.StatusNotFound, "not-found")
	e.send(t, http.MethodGet, path, nil, "").wantProblem(t, http.StatusUnauthorized, "credential-missing")
	e.send(t, http.MethodDelete, path, ada, "").wantOK(t)
	e.send(t, http.MethodGet, "/api/v1/jobs", ada, "").wantOK(t)

	var first struct {
		Answer struct {
			Molecules []struct {
				ID string `json:"id"`
			} `json:"molecules"`
		} `json:"answer"`
	}
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	feedback := "/api/v1/molecules/" + first.Answer.Molecules[0].ID + "/feedback"
	e.send(t, http.MethodPost, feedback, ada, `{"rating": 4, "comment": "like a garden"}`).wantOK(t)
}

func TestEachPromptOfABatchIsJudged(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	prompts := slices.Repeat([]string{"rose"}, 50)
	prompts[37] = "a nerve agent"
	for path, body := range map[string]string{
		batchPath:                                batchOf(t, prompts, ""),
		"/API/v1/generate/Batch":                 batchOf(t, prompts, ""),
		"/api/v1/molecules/Q0NP/feedback":        `{"rating": 1, "comment": "a nerve agent"}`,
		"/api/v1/generate/batch?prompts=sarin+x": batchOf(t, []string{"rose"}, ""),
	} {
		e.send(t, http.MethodPost, path, header, body).wantProblem(t, http.StatusForbidden, "policy-denied")
	}
	for _, body := range []string{`{"prompts": "nerve agent"}`, `{"prompts": ["rose"], "more": ["nerve agent"]}`, `{}`} {
		e.send(t, http.MethodPost, batchPath, header, body).wantProblem(t, http.StatusUnprocessableEntity, "invalid-request")
	}
}

func TestABatchMayHaveAThousandPromptsAndNoRequestElseItsSize(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t, "--subject", "thousand", "--scope", "generate", "--scope", "generate:bulk"))
	prompts := make([]string, 1000)
	for i := range prompts {
		prompts[i] = fmt.Sprintf("a fresh citrus over wet cedar, number %d, with a little rose, some lavender and a trace of smoke", i)
	}
	// The model reads neither with the other.
	prompts[1], prompts[2] = "a scent of raw nerve", "agent orange blossom"
	path := e.submit(t, header, batchOf(t, prompts, `, "engine": "library", "num_molecules": 1, "like": "CCO", "constraints": {"must": ["woody"]}`))
	e.send(t, http.MethodDelete, path, header, "").wantOK(t)
	got := e.send(t, http.MethodPost, batchPath, bearer(e.token(t, "--subject", "small")), batchOf(t, prompts[:101], ""))
	got.wantProblem(t, http.StatusForbidden, "policy-denied")
	if !strings.Contains(string(got.body), "too-many-prompts") || !strings.Contains(got.Header.Get("RateLimit"), `"prompts";r=3499`) {
		t.Errorf("%s, %s", got.Header.Get("RateLimit"), got.body)
	}
	large := `{"prompt": "` + strings.Repeat("rose ", 14_000) + `"}`
	e.send(t, http.MethodPost, generatePath, header, large).wantProblem(t, http.StatusRequestEntityTooLarge, "body-too-large")
}

// A backend that is killed goes on with its jobs when it is back: every prompt
// has its one result.
func TestAJobOutlivesItsBackend(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	backend := e.startBackend(t)
	header := bearer(e.token(t))
	path := e.submit(t, header, batchOf(t, slices.Repeat([]string{"rose"}, 12), `, "steps": 4, "num_molecules": 1`))
	eventually.True(t, "some prompts are answered", func() bool {
		return !strings.Contains(string(e.send(t, http.MethodGet, path, header, "").body), `"done":0`)
	})
	backend.kill()
	e.startBackend(t)
	eventually.True(t, "the gateway tries the backend again", func() bool {
		return e.send(t, http.MethodGet, path, header, "").StatusCode == http.StatusOK
	})
	lines := e.results(t, header, path)
	positions := map[float64]bool{}
	for _, line := range lines[:len(lines)-1] {
		var result struct {
			Position float64 `json:"position"`
		}
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatal(err)
		}
		positions[result.Position] = true
	}
	if len(lines) != 13 || len(positions) != 12 || !strings.Contains(lines[12], `"done":12`) {
		t.Errorf("%d lines, %d positions, at last %s", len(lines), len(positions), lines[len(lines)-1])
	}
}

// TestPromptsAreAnsweredWhileNothingIsKept asks for jobs more often than it
// takes to open a breaker.
func TestPromptsAreAnsweredWhileNothingIsKept(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t, "--store", "off")
	token := e.token(t)
	for range 10 {
		e.send(t, http.MethodGet, "/api/v1/jobs", bearer(token), "").wantProblem(t, http.StatusInsufficientStorage, "records-unavailable")
	}
	got := e.generate(t, token, prompt)
	got.wantOK(t)
	if rung := got.Header.Get("Gate-Served-By"); rung != "live" {
		t.Errorf("Gate-Served-By = %q, want live", rung)
	}
}
