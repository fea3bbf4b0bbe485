package limit_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dunglas/httpsfv"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/eventually"
)

// metered starts a gateway before an upstream. A request reserves 100 of 1,000
// tokens, and the answer says how many it used.
func metered(t *testing.T, upstream http.HandlerFunc) *edgetest.Edge {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	return edgetest.Start(t, `
	route {
		gate_limit {
			limit tokens {
				key {header.X-Key}
				rate 1000/1h
				cost 100
				settle X-Tokens /usage/total_tokens /sampled
			}
		}
		reverse_proxy `+strings.TrimPrefix(server.URL, "http://")+`
	}
	handle_errors {
		respond {err.status_code}
	}
`)
}

// send sends a request, whose answer's body the caller closes.
func send(ctx context.Context, t *testing.T, edge *edgetest.Edge, key string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, edge.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Key", key)
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := edge.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// left returns how many tokens were left of the key's beside what the request
// itself had reserved.
func left(t *testing.T, edge *edgetest.Edge, key string) int64 {
	t.Helper()
	res := send(t.Context(), t, edge, key)
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Error(err)
	}
	_ = res.Body.Close()
	list, err := httpsfv.UnmarshalList(res.Header.Values("RateLimit"))
	if err != nil || len(list) != 1 {
		t.Fatalf("RateLimit %q: %v", res.Header.Values("RateLimit"), err)
	}
	r, _ := list[0].(httpsfv.Item).Params.Get("r")
	return r.(int64) + 100
}

func TestAReservationIsSettledToWhatTheAnswerSays(t *testing.T) {
	stream := func(events ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for _, e := range events {
				_, _ = fmt.Fprintf(w, "data: %s\n\n", e)
				_ = http.NewResponseController(w).Flush()
			}
		}
	}
	answer := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		}
	}
	const usage = `{"id": "1", "usage": {"prompt_tokens": 2, "total_tokens": 7}}`
	for name, tc := range map[string]struct {
		upstream http.HandlerFunc
		want     int64 // what is charged in the end
	}{
		"a field": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Tokens", "30") }, 30},
		"a field before the body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Tokens", "30")
			answer("application/json", usage)(w, nil)
		}, 30},
		"JSON":                     {answer("application/json; charset=utf-8", usage), 7},
		"a kind of JSON":           {answer("application/vnd.api+json", usage), 7},
		"our own answer":           {answer("application/json", `{"molecules": [], "sampled": 64}`), 64},
		"OpenAI's stream":          {stream(`{"choices": [{}], "usage": null}`, `{"choices": [], "usage": {"total_tokens": 9}}`, "[DONE]"), 9},
		"our own stream":           {stream(`{"step": 1}`, `{"molecules": [], "sampled": 12}`), 12},
		"more than was reserved":   {answer("application/json", `{"usage": {"total_tokens": 400}}`), 400},
		"nothing at all":           {answer("application/json", `{"usage": {"total_tokens": 0}}`), 0},
		"an answer without figure": {answer("application/json", `{"usage": null}`), 100},
		"a figure of no sense":     {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Tokens", "-5") }, 100},
		"neither JSON nor events":  {answer("text/plain", usage), 100},
		"an answer that was compressed unasked": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, usage)
			_ = z.Close()
		}, 100},
		"an upstream that compresses if asked": {func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				w.Header().Set("Content-Encoding", "gzip")
			}
			answer("application/json", usage)(w, r)
		}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			var first atomic.Bool
			edge := metered(t, func(w http.ResponseWriter, r *http.Request) {
				if first.CompareAndSwap(false, true) {
					tc.upstream(w, r)
					return
				}
				w.Header().Set("X-Tokens", "0") // of those that only look
			})
			key := strconv.Itoa(len(name)) + name
			if got := left(t, edge, key); got != 1000 {
				t.Fatalf("%d left before", got)
			}
			eventually.True(t, fmt.Sprintf("%d are charged", tc.want), func() bool { return left(t, edge, key) == 1000-tc.want })
		})
	}
}

func TestParallelRequestsDoNotOvershootABudget(t *testing.T) {
	var used atomic.Int64
	edge := metered(t, func(w http.ResponseWriter, _ *http.Request) {
		used.Add(60)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"usage": {"total_tokens": 60}}`)
	})
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			res := send(t.Context(), t, edge, "parallel")
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Error(err)
			}
			_ = res.Body.Close()
		})
	}
	all.Wait()
	if n := used.Load(); n > 1000 || n < 600 {
		t.Errorf("200 requests used %d of 1000 tokens, want at least the 10 that fit by what they reserve", n)
	}
}

func TestAStreamPassesUnheld(t *testing.T) {
	proceed := make(chan struct{})
	edge := metered(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, _ = io.WriteString(w, "data: {\"choices\": []}\n\n")
			_ = http.NewResponseController(w).Flush()
			<-proceed
		}
	})
	res := send(t.Context(), t, edge, "unheld")
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	for range 3 {
		// The upstream goes on only when the event is here.
		if !lines.Scan() || lines.Text() != `data: {"choices": []}` || !lines.Scan() {
			t.Fatalf("%q, %v", lines.Text(), lines.Err())
		}
		proceed <- struct{}{}
	}
}

func TestWhoLeavesInMidStreamPaysWhatIsKnown(t *testing.T) {
	var first atomic.Bool
	edge := metered(t, func(w http.ResponseWriter, r *http.Request) {
		if !first.CompareAndSwap(false, true) {
			w.Header().Set("X-Tokens", "0")
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: {\"usage\": {\"total_tokens\": 150}}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, leave := context.WithCancel(t.Context())
	res := send(ctx, t, edge, "leaves")
	if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	leave()
	_ = res.Body.Close()
	eventually.True(t, "150 are charged", func() bool { return left(t, edge, "leaves") == 850 })
}
