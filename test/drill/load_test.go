package drill

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// kind is what can be acknowledged.
type kind string

const (
	jobs      kind = "jobs"
	results   kind = "results"
	feedbacks kind = "feedback"
	records   kind = "audit records"
)

var kinds = []kind{jobs, results, feedbacks, records}

// ledger has what clients were told that it is kept, and when.
type ledger struct {
	mu      sync.Mutex
	entries map[kind]map[string]time.Time // by what identifies it
	next    int
}

func newLedger() *ledger {
	l := &ledger{entries: make(map[kind]map[string]time.Time)}
	for _, k := range kinds {
		l.entries[k] = make(map[string]time.Time)
	}
	return l
}

func (l *ledger) acknowledged(k kind, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.entries[k][id]; !known {
		l.entries[k][id] = time.Now()
	}
}

func (l *ledger) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next
}

// load has clients at work until the context ends.
func (w *world) load(ctx context.Context, l *ledger) {
	var clients sync.WaitGroup
	for _, client := range []func(context.Context, *ledger) error{
		w.handIn, w.handIn, w.giveFeedback, w.beRefused, w.beRefused,
	} {
		clients.Go(func() {
			for ctx.Err() == nil {
				if err := client(ctx, l); err != nil {
					return // The service was killed.
				}
			}
		})
	}
	clients.Wait()
}

// handIn hands in a job and looks at its results until all are there.
func (w *world) handIn(ctx context.Context, l *ledger) error {
	principal := fmt.Sprint("drill-", l.number())
	body := `{"prompts": ["fresh citrus", "rose", "wet cedar"], "num_molecules": 1, "engine": "library"}`
	answer, err := w.send(ctx, http.MethodPost, w.backend+"/api/v1/generate/batch", principal, body, http.StatusAccepted)
	if err != nil {
		return err
	}
	var handedIn struct{ Job struct{ ID string } }
	if err := json.Unmarshal(answer, &handedIn); err != nil {
		return err
	}
	id := handedIn.Job.ID
	l.acknowledged(jobs, id)
	for {
		answer, err := w.send(ctx, http.MethodGet, w.backend+"/api/v1/jobs/"+id+"/results", principal, "", http.StatusOK)
		if err != nil {
			return err
		}
		var page struct {
			Results []struct{ Sequence int }
			Next    *int
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return err
		}
		for _, result := range page.Results {
			l.acknowledged(results, fmt.Sprint(id, "/", result.Sequence))
		}
		if page.Next == nil || len(page.Results) == 3 {
			return nil
		}
	}
}

func (w *world) giveFeedback(ctx context.Context, l *ledger) error {
	principal := fmt.Sprint("drill-", l.number())
	molecule := base64.RawURLEncoding.EncodeToString([]byte("CCO"))
	_, err := w.send(ctx, http.MethodPost, w.backend+"/api/v1/molecules/"+molecule+"/feedback", principal, `{"rating": 4}`, http.StatusOK)
	if err == nil {
		l.acknowledged(feedbacks, principal)
	}
	return err
}

// beRefused asks the gateway without a credential. A refusal that must be
// recorded is not sent before it is.
func (w *world) beRefused(ctx context.Context, l *ledger) error {
	id := fmt.Sprintf("drill-%d-%d", time.Now().UnixNano(), l.number())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.gateway+"/", nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Request-Id", id)
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		return err
	}
	var refusal struct {
		RequestID string `json:"request_id"`
	}
	if resp.StatusCode == http.StatusUnauthorized && err == nil && json.Unmarshal(body, &refusal) == nil {
		l.acknowledged(records, refusal.RequestID)
	}
	return err
}

func (w *world) send(ctx context.Context, method, url, principal, body string, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Gate-Principal", principal)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s answered %d: %s", url, resp.StatusCode, answer)
	}
	return answer, err
}
