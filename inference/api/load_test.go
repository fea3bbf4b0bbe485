package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
)

// gatedEngine holds each prompt until the gate is opened or the prompt is
// cancelled.
type gatedEngine struct {
	gate          chan struct{}
	running, most atomic.Int64
}

func (*gatedEngine) Name() string { return "gated" }

func (g *gatedEngine) Generate(ctx context.Context, _ engine.Request) (engine.Result, error) {
	n := g.running.Add(1)
	defer g.running.Add(-1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
	}
	select {
	case <-g.gate:
		return engine.Result{}, nil
	case <-ctx.Done():
		return engine.Result{}, ctx.Err()
	}
}

// inBackground sends a request and returns where the answer will be.
func inBackground(wg *sync.WaitGroup, h http.Handler, ctx context.Context) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/generate", strings.NewReader(`{"prompt": "rose"}`))
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	wg.Go(func() { h.ServeHTTP(rec, r) })
	return rec
}

func TestLoadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &gatedEngine{gate: make(chan struct{})}
		h := newAPI(t, func(c *Config) { c.Engines, c.MaxConcurrent, c.MaxQueued = []engine.Engine{e}, 2, 3 })
		var wg sync.WaitGroup
		var admitted []*httptest.ResponseRecorder
		for range 5 {
			admitted = append(admitted, inBackground(&wg, h, t.Context()))
		}
		synctest.Wait()

		refused := post(h, `{"prompt": "rose"}`)
		wantProblem(t, refused, problem.Overloaded)
		if refused.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		picture := httptest.NewRequest(http.MethodGet, "/api/v1/molecules/depict.svg?smiles=CCO", nil)
		wantProblem(t, send(h, picture), problem.Overloaded)
		page := send(h, httptest.NewRequest(http.MethodGet, "/metrics", nil)).Body.String()
		if !strings.Contains(page, "inference_running 2") || !strings.Contains(page, "inference_waiting 3") {
			t.Errorf("metrics under load:\n%s", page)
		}

		close(e.gate)
		wg.Wait()
		for _, rec := range admitted {
			if rec.Code != http.StatusOK {
				t.Errorf("an admitted prompt got %d %s", rec.Code, rec.Body)
			}
		}
		if most := e.most.Load(); most != 2 {
			t.Errorf("%d prompts ran at once, want 2", most)
		}
		if rec := post(h, `{"prompt": "rose"}`); rec.Code != http.StatusOK {
			t.Errorf("after the load: %d", rec.Code)
		}
	})
}

func TestTimeoutCoversWaitingAndWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &gatedEngine{gate: make(chan struct{})}
		h := newAPI(t, func(c *Config) { c.Engines, c.MaxConcurrent, c.Timeout = []engine.Engine{e}, 1, 3*time.Second })
		var wg sync.WaitGroup
		start := time.Now()
		works, waits := inBackground(&wg, h, t.Context()), inBackground(&wg, h, t.Context())
		wg.Wait()
		for _, rec := range []*httptest.ResponseRecorder{works, waits} {
			wantProblem(t, rec, problem.UpstreamTimeout)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("both were answered after %v", took)
		}
	})
}

func TestAClientThatLeavesFreesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &gatedEngine{gate: make(chan struct{})}
		var log bytes.Buffer
		h := newAPI(t, func(c *Config) {
			c.Engines, c.MaxConcurrent, c.MaxQueued = []engine.Engine{e}, 1, 1
			c.Logger = slog.New(slog.NewJSONHandler(&log, nil))
		})
		var wg sync.WaitGroup
		ctx, leave := context.WithCancel(t.Context())
		works, waits := inBackground(&wg, h, ctx), inBackground(&wg, h, ctx)
		synctest.Wait()
		wantProblem(t, post(h, `{"prompt": "rose"}`), problem.Overloaded)
		leave()
		wg.Wait()
		if works.Body.Len()+waits.Body.Len() > 0 {
			t.Errorf("wrote %q and %q to nobody", works.Body, waits.Body)
		}
		if n := strings.Count(log.String(), `"status":499`); n != 2 {
			t.Errorf("%d of 2 left clients are logged as such:\n%s", n, log.String())
		}
		close(e.gate)
		if rec := post(h, `{"prompt": "rose"}`); rec.Code != http.StatusOK {
			t.Errorf("after they left: %d", rec.Code)
		}
	})
}

func TestFaultsOfTheEngineAreNotShown(t *testing.T) {
	for name, fault := range map[string]funcEngine{
		"error": func(context.Context, engine.Request) (engine.Result, error) {
			return engine.Result{}, errors.New("secret path /srv/weights")
		},
		"panic": func(context.Context, engine.Request) (engine.Result, error) { panic("secret path /srv/weights") },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h := newAPI(t, func(c *Config) {
				c.Engines, c.MaxConcurrent, c.MaxQueued = []engine.Engine{fault}, 1, 0
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			for range 3 { // the slot must come back each time
				rec := post(h, `{"prompt": "rose"}`)
				wantProblem(t, rec, problem.Internal)
				if strings.Contains(rec.Body.String(), "secret") {
					t.Errorf("the client sees %s", rec.Body)
				}
			}
			if !strings.Contains(log.String(), "secret path") {
				t.Error("the cause is not in the log")
			}
		})
	}
}

func BenchmarkGenerate(b *testing.B) {
	h, err := New(config(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if rec := post(h, `{"prompt": "fresh citrus over wet cedar, no musk", "num_molecules": 5}`); rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
}
