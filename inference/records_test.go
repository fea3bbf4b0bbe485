package inference

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/engine"
)

// request sends a request and returns the status and the body.
func (r *running) request(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/x-ndjson")
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// waitForRecords waits until they are in a state.
func (r *running) waitForRecords(t *testing.T, state string) {
	t.Helper()
	for {
		if _, body := r.request(t, http.MethodGet, "/health/ready", ""); strings.Contains(body, `"records":"`+state+`"`) {
			return
		}
	}
}

// A store that cannot be opened keeps nobody from asking, and is opened as soon
// as it can be.
func TestPromptsAreAnsweredWhileTheStoreIsBroken(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // it is a file
		t.Fatal(err)
	}
	r := serve(t, Config{Store: filepath.Join(folder, "records.db")})
	r.waitForRecords(t, "degraded")
	if got := r.post(`{"prompt": "rose", "engine": "library"}`); got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
	if status, body := r.request(t, http.MethodPost, "/api/v1/generate/batch", `{"prompts": ["rose"]}`); status != http.StatusInsufficientStorage {
		t.Errorf("%d %s", status, body)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	r.waitForRecords(t, "ok")
	if status, body := r.request(t, http.MethodPost, "/api/v1/generate/batch", `{"prompts": ["rose"]}`); status != http.StatusAccepted {
		t.Errorf("%d %s", status, body)
	}
	r.stop()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
}

// A job that a stop interrupts goes on with the next start, at once.
func TestAJobGoesOnAfterAStop(t *testing.T) {
	store := filepath.Join(t.TempDir(), "records.db")
	slow := slowEngine{make(chan struct{}), make(chan struct{})}
	r := serve(t, Config{Engines: []engine.Engine{slow}, Store: store})
	r.waitForRecords(t, "ok")
	_, body := r.request(t, http.MethodPost, "/api/v1/generate/batch", `{"prompts": ["rose"]}`)
	<-slow.began
	r.stop()
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(body, `"results":"`)
	results, _, _ := strings.Cut(rest, `"`)
	r = serve(t, Config{Store: store})
	r.waitForRecords(t, "ok")
	if status, lines := r.request(t, http.MethodGet, results, ""); status != http.StatusOK || !strings.Contains(lines, `"done":1`) || !strings.Contains(lines, `"attempts":1`) {
		t.Errorf("%d %s", status, lines)
	}
	r.stop()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
}
