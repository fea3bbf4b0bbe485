package inference

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/redistest"
)

func durableRedis(t *testing.T) *redistest.Server {
	t.Helper()
	return redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
}

// handIn hands in a job and returns the path of its results.
func (r *running) handIn(t *testing.T) string {
	t.Helper()
	status, body := r.request(t, http.MethodPost, "/api/v1/generate/batch", `{"prompts": ["rose"], "engine": "library"}`)
	if status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	_, rest, _ := strings.Cut(body, `"results":"`)
	results, _, _ := strings.Cut(rest, `"`)
	return results
}

func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
}

func TestAWorkerWorksOnTheJobsOfAnother(t *testing.T) {
	jobs := durableRedis(t).URL()
	front := serve(t, Config{Jobs: jobs, JobWorkers: -1})
	worker := serve(t, Config{Jobs: jobs, Worker: true, Store: filepath.Join(t.TempDir(), "never", "opened.db")})
	results := front.handIn(t)
	if status, lines := front.request(t, http.MethodGet, results, ""); status != http.StatusOK || !strings.Contains(lines, `"done":1`) {
		t.Errorf("%d %s", status, lines)
	}
	for path, want := range map[string]int{
		"/api/v1/generate": http.StatusNotFound, results: http.StatusNotFound,
		"/health/ready": http.StatusOK, "/metrics": http.StatusOK,
	} {
		if status, body := worker.request(t, http.MethodGet, path, ""); status != want {
			t.Errorf("the worker answers %d to %s: %s", status, path, body)
		}
	}
	if _, metrics := worker.request(t, http.MethodGet, "/metrics", ""); !strings.Contains(metrics, `inference_job_attempts_total{result="done"} 1`) {
		t.Errorf("metrics of the worker: %s", metrics)
	}
	front.end(t)
	worker.end(t)
}

// Where jobs are in Redis, neither they nor prompts need the store.
func TestJobsInRedisNeedNoStore(t *testing.T) {
	r := serve(t, Config{Jobs: durableRedis(t).URL()})
	r.waitForRecords(t, "ok")
	r.handIn(t)
	status, body := r.request(t, http.MethodPost, "/api/v1/molecules/Q0NP/feedback", `{"rating": 5}`)
	if status != http.StatusInsufficientStorage || !strings.Contains(body, "no feedback") {
		t.Errorf("%d %s", status, body)
	}
	r.end(t)
}

func TestARedisThatIsGoneIsSaidSoAndComesBack(t *testing.T) {
	server := durableRedis(t)
	r := serve(t, Config{Jobs: server.URL(), Store: filepath.Join(t.TempDir(), "records.db")})
	r.waitForRecords(t, "ok")
	server.Kill()
	status, body := r.request(t, http.MethodPost, "/api/v1/generate/batch", `{"prompts": ["rose"]}`)
	if status != http.StatusInsufficientStorage || !strings.Contains(body, "records-unavailable") {
		t.Errorf("%d %s", status, body)
	}
	r.waitForRecords(t, "degraded")
	if got := r.post(`{"prompt": "rose", "engine": "library"}`); got.status != http.StatusOK {
		t.Errorf("a prompt got %+v", got)
	}
	if status, body := r.request(t, http.MethodPost, "/api/v1/molecules/Q0NP/feedback", `{"rating": 5}`); status == http.StatusInsufficientStorage {
		t.Errorf("feedback, which is in the store: %d %s", status, body)
	}
	if _, metrics := r.request(t, http.MethodGet, "/metrics", ""); !strings.Contains(metrics, "inference_queue_up 0") {
		t.Errorf("metrics: %s", metrics)
	}
	server.Restart()
	r.waitForRecords(t, "ok")
	if status, lines := r.request(t, http.MethodGet, r.handIn(t), ""); status != http.StatusOK || !strings.Contains(lines, `"done":1`) {
		t.Errorf("%d %s", status, lines)
	}
	r.end(t)
}
