package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/freeport"
	"github.com/odordiff/odordiff/internal/redistest"
)

// backend is an inference backend whose jobs are in Redis.
type backend struct {
	*process
	url string
}

func startSharing(t *testing.T, jobs string, flags ...string) *backend {
	t.Helper()
	listen := "127.0.0.1:" + freeport.Get(t)
	b := &backend{url: "http://" + listen}
	b.process = start(t, []string{"ODORDIFF_JOBS=" + jobs}, append([]string{"infer", "--listen", listen}, flags...)...)
	eventually.True(t, "the backend keeps jobs", func() bool { return strings.Contains(b.get(t, "/health/ready"), `"records":"ok"`) })
	return b
}

// get returns the body of an answer, empty where there is none.
func (b *backend) get(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// atWork reports whether the backend has answered a prompt of a job.
func (b *backend) atWork(t *testing.T) bool {
	t.Helper()
	return regexp.MustCompile(`inference_job_attempts_total\{result="done"\} [1-9]`).MatchString(b.get(t, "/metrics"))
}

// Three workers share a job, and one of them is killed with prompts in hand.
// The others take these over: every prompt has its one answer.
func TestWorkersShareAJobAndOneIsKilled(t *testing.T) {
	t.Parallel()
	const prompts = 90
	jobs := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always").URL()
	front := startSharing(t, jobs, "--store", "off", "--job-workers", "-1")
	var workers []*backend
	for range 3 {
		workers = append(workers, startSharing(t, jobs, "--worker", "--job-workers", "2"))
	}
	body := batchOf(t, slices.Repeat([]string{"rose"}, prompts), `, "steps": 8, "num_molecules": 1`)
	response, err := http.Post(front.url+batchPath, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		t.Fatalf("status %d", response.StatusCode)
	}
	job := response.Header.Get("Location")
	for i, w := range workers {
		eventually.True(t, fmt.Sprintf("worker %d works", i), func() bool { return w.atWork(t) })
	}
	workers[0].kill()
	if state := front.get(t, job); !strings.Contains(state, `"state":"running"`) {
		t.Errorf("the job was over too soon: %s", state)
	}

	lines := linesOf(front.get(t, job+"/results"))
	last := lines[len(lines)-1]
	if len(lines) != prompts+1 || !strings.Contains(last, fmt.Sprintf(`"done":%d`, prompts)) {
		t.Fatalf("%d lines, at last %s", len(lines), last)
	}
	positions, again := map[int]bool{}, 0
	for i, line := range lines[:prompts] {
		var result struct {
			Sequence, Position, Attempts int
			Answer                       struct{ Molecules []any }
		}
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatal(err)
		}
		if result.Sequence != i+1 || positions[result.Position] || len(result.Answer.Molecules) != 1 {
			t.Errorf("result %d: %s", i, line)
		}
		positions[result.Position] = true
		if result.Attempts > 1 {
			again++
		}
	}
	t.Logf("%d prompts were begun again", again)
}
