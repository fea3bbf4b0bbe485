package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/exchange"
)

// watcher does with an answer what its fields say, and keeps what it sees.
type watcher struct {
	action exchange.Action
	status int // put in place of the answer's, if not 0
	heads  []int
	body   strings.Builder
}

func (w *watcher) Begin(head *exchange.Head) exchange.Action {
	w.heads = append(w.heads, head.Status)
	if w.status != 0 {
		head.Status = w.status
	}
	return w.action
}

func (w *watcher) Body(part []byte) { w.body.Write(part) }

// serve has net/http serve one request with the handler and returns the answer.
func serve(t testing.TB, method string, handler http.HandlerFunc) (*http.Response, string) {
	t.Helper()
	return serveBy(t, 1, method, handler)
}

// serveBy is serve over HTTP/1.1 or HTTP/2.
func serveBy(t testing.TB, major int, method string, handler http.HandlerFunc) (*http.Response, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of superfluous statuses
	if server.EnableHTTP2 = major == 2; server.EnableHTTP2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	defer server.Close()
	req, err := http.NewRequestWithContext(context.Background(), method, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// ways are the ways in which a handler begins an answer of 200 with the body
// "ok".
var ways = map[string]func(http.ResponseWriter){
	"a status": func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "ok")
	},
	"a write": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "ok") },
	"a copy":  func(w http.ResponseWriter) { _, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("ok")) },
	"a flush": func(w http.ResponseWriter) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "ok")
	},
	"early hints": func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "ok")
	},
}

func TestAWatcherSeesAnAnswerHoweverItBegins(t *testing.T) {
	for name, answer := range ways {
		t.Run(name, func(t *testing.T) {
			seen := &watcher{action: exchange.Show, status: http.StatusAccepted}
			res, body := serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
				answer(exchange.Watch(w, seen))
			})
			if !slices.Equal(seen.heads, []int{http.StatusOK}) || seen.body.String() != "ok" {
				t.Errorf("it saw the heads %v and the body %q", seen.heads, &seen.body)
			}
			if res.StatusCode != http.StatusAccepted || body != "ok" {
				t.Errorf("the client got %d %q", res.StatusCode, body)
			}
		})
	}
}

func TestAnAnswerThatIsWithheldLeavesRoomForAnother(t *testing.T) {
	for name, answer := range ways {
		t.Run(name, func(t *testing.T) {
			res, body := serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
				watched := exchange.Watch(w, &watcher{action: exchange.Withhold})
				answer(watched)
				if watched.Begun() || watched.Withheld() != http.StatusOK {
					t.Errorf("begun: %v, withheld: %d", watched.Begun(), watched.Withheld())
				}
				if _, _, err := http.NewResponseController(watched).Hijack(); !errors.Is(err, http.ErrNotSupported) {
					t.Errorf("taking the connection over: %v", err)
				}
				w.WriteHeader(http.StatusTeapot)
				_, _ = io.WriteString(w, "another")
			})
			if res.StatusCode != http.StatusTeapot || body != "another" {
				t.Errorf("the client got %d %q", res.StatusCode, body)
			}
		})
	}
}

func TestWhatIsSetAtLastStandsAboveTheUpstreams(t *testing.T) {
	for name, answer := range ways {
		t.Run(name, func(t *testing.T) {
			res, _ := serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
				x := exchange.New(nil)
				x.Response.Open(w)
				x.Response.Set("x-limit", "first")
				x.Response.Set("X-Limit", "second")
				if got := x.Response.Get("X-LIMIT"); got != "second" {
					t.Errorf("Get: %q", got)
				}
				w.Header()["X-Limit"] = []string{"the upstream's", "and another"}
				answer(&x.Response)
			})
			if got := res.Header.Values("X-Limit"); !slices.Equal(got, []string{"second"}) {
				t.Errorf("the client got %q", got)
			}
		})
	}
}

func TestTheOutcomeOfEachEnding(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		handle func(x *exchange.Exchange)
		ending exchange.Ending
		want   exchange.Outcome
	}{
		"an answer": {
			func(x *exchange.Exchange) {
				x.ServedBy, x.Upstream = "live", "10.0.0.1:80"
				fmt.Fprint(&x.Response, "ok")
			},
			exchange.Ending{}, exchange.Outcome{Status: 200, Bytes: 2, ServedBy: "live", Upstream: "10.0.0.1:80"},
		},
		"an answer to a client that leaves after it": {
			func(x *exchange.Exchange) { fmt.Fprint(&x.Response, "ok") },
			exchange.Ending{ClientLeft: true}, exchange.Outcome{Status: 200, Bytes: 2},
		},
		"none": {func(*exchange.Exchange) {}, exchange.Ending{}, exchange.Outcome{Status: 200}},
		"an error that the server answers": {
			func(x *exchange.Exchange) { x.Refused = "policy-denied" },
			exchange.Ending{Status: 403, Err: broken}, exchange.Outcome{Status: 403, Refused: "policy-denied"},
		},
		"an error within an answer": {
			func(x *exchange.Exchange) { fmt.Fprint(&x.Response, "ok") },
			exchange.Ending{Status: 500, Err: broken}, exchange.Outcome{Status: 200, Bytes: 2, Cut: exchange.ByServer},
		},
		"an upstream that breaks off": {
			func(x *exchange.Exchange) { fmt.Fprint(&x.Response, "ha") },
			exchange.Ending{Aborted: true}, exchange.Outcome{Status: 200, Bytes: 2, Cut: exchange.ByServer},
		},
		"a client that leaves": {
			func(x *exchange.Exchange) { fmt.Fprint(&x.Response, "ha") },
			exchange.Ending{Aborted: true, ClientLeft: true}, exchange.Outcome{Status: 200, Bytes: 2, Cut: exchange.ByClient},
		},
		"a client that leaves before the answer": {
			func(x *exchange.Exchange) { x.Response.WriteHeader(499) },
			exchange.Ending{}, exchange.Outcome{Status: 499, Cut: exchange.ByClient},
		},
		"a panic before the answer": {
			func(*exchange.Exchange) {}, exchange.Ending{Aborted: true}, exchange.Outcome{Cut: exchange.ByServer},
		},
		"a body whose reader fails": {
			func(x *exchange.Exchange) {
				_, _ = x.Response.ReadFrom(io.MultiReader(strings.NewReader("ha"), failing{broken}))
			},
			exchange.Ending{}, exchange.Outcome{Status: 200, Bytes: 2, Cut: exchange.ByServer},
		},
		"a body where none is allowed": {
			func(x *exchange.Exchange) { x.Response.WriteHeader(304); fmt.Fprint(&x.Response, "x") },
			exchange.Ending{}, exchange.Outcome{Status: 304},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var told []exchange.Outcome
			serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
				x := exchange.New(nil)
				x.Response.OnOutcome(func(o exchange.Outcome) { told = append(told, o) })
				if !x.Response.Open(w) {
					t.Error("it is open already")
				}
				test.handle(x)
				x.End(test.ending)
			})
			if len(told) != 1 {
				t.Fatalf("told %d outcomes", len(told))
			}
			got := told[0]
			if begun := test.want.Status == 200 && test.want.Bytes > 0; begun && (got.FirstByte <= 0 || got.Total < got.FirstByte) {
				t.Errorf("first byte after %v of %v", got.FirstByte, got.Total)
			}
			got.FirstByte, got.Total = 0, 0
			if got != test.want {
				t.Errorf("told %+v, want %+v", got, test.want)
			}
		})
	}
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestErrorRoutesGoOnWithTheResponse(t *testing.T) {
	var told []exchange.Outcome
	res, body := serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		x := exchange.New(nil)
		x.Response.OnOutcome(func(o exchange.Outcome) { told = append(told, o) })
		inner := exchange.Watch(w, nil)
		if !x.Response.Open(inner) || x.Response.Open(w) {
			t.Error("it is not open for the first alone")
		}
		x.Response.Set("X-Limit", "ours")
		x.Response.Leave(errors.New("refused"))
		if w.Header().Get("X-Limit") != "ours" {
			t.Error("an answer that goes past the response lacks the field")
		}
		if !x.Response.Open(w) {
			t.Error("it does not open again for the error routes")
		}
		w.Header().Set("X-Limit", "theirs")
		http.Error(&x.Response, "no", http.StatusTeapot)
		x.End(exchange.Ending{})
		if inner.Begun() || x.Response.Open(w) {
			t.Error("it went through the handlers that left, or opens once more")
		}
	})
	if res.StatusCode != http.StatusTeapot || body != "no\n" || res.Header.Get("X-Limit") != "ours" {
		t.Errorf("the client got %d %q %v", res.StatusCode, body, res.Header)
	}
	if len(told) != 1 || told[0].Status != http.StatusTeapot || told[0].Bytes != 3 {
		t.Errorf("told %+v", told)
	}
}

func TestAHandlerMayTakeTheConnectionOver(t *testing.T) {
	told := make(chan exchange.Outcome, 1)
	res, _ := serve(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		x := exchange.New(nil)
		x.Response.Open(w)
		conn, buffered, err := http.NewResponseController(exchange.Watch(&x.Response, nil)).Hijack()
		if err != nil {
			t.Error(err)
			close(told)
			return
		}
		defer conn.Close()
		_, _ = buffered.WriteString("HTTP/1.1 418 By Hand\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = buffered.Flush()
		told <- x.End(exchange.Ending{})
	})
	if outcome := <-told; res.StatusCode != http.StatusTeapot || outcome.Status != 0 || outcome.Cut != exchange.Whole {
		t.Errorf("the client got %d; told %+v", res.StatusCode, outcome)
	}
}

// step is one call of a handler.
type step struct {
	call   string
	status int
	text   string
}

func (s step) do(w http.ResponseWriter) {
	switch s.call {
	case "status":
		w.WriteHeader(s.status)
	case "write":
		_, _ = io.WriteString(w, s.text)
	case "copy":
		_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader(s.text)})
	case "flush":
		_ = http.NewResponseController(w).Flush()
	case "field":
		w.Header().Add("X-Field", s.call)
	case "trailer":
		w.Header().Set(http.TrailerPrefix+"X-Trailer", s.call)
	}
}

func steps(t *rapid.T) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			call:   rapid.SampledFrom([]string{"status", "write", "copy", "flush", "field", "trailer"}).Draw(t, "call"),
			status: rapid.SampledFrom([]int{103, 200, 204, 304, 404, 503}).Draw(t, "status"),
			text:   strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 700, 5000, 70000}).Draw(t, "length")),
		}
	}), 0, 8).Draw(t, "steps")
}

// heard is all that a client sees of an answer.
func heard(t testing.TB, major int, method string, handler http.HandlerFunc) string {
	t.Helper()
	res, body := serveBy(t, major, method, handler)
	res.Header.Del("Date")
	return fmt.Sprint(res.Status, res.Header, res.ContentLength, res.TransferEncoding, body, res.Trailer)
}

func TestWritersChangeNothingThatNobodyAsksFor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := steps(rt)
		method := rapid.SampledFrom([]string{http.MethodGet, http.MethodHead}).Draw(rt, "method")
		major := rapid.IntRange(1, 2).Draw(rt, "HTTP version")
		action := rapid.SampledFrom([]exchange.Action{exchange.Pass, exchange.Show}).Draw(rt, "action")
		answer := func(w http.ResponseWriter) {
			for _, step := range steps {
				step.do(w)
			}
		}
		want := heard(t, major, method, func(w http.ResponseWriter, _ *http.Request) { answer(w) })
		got := heard(t, major, method, func(w http.ResponseWriter, _ *http.Request) {
			x := exchange.New(nil)
			x.Response.Open(w)
			answer(exchange.Watch(&x.Response, &watcher{action: action}))
			x.End(exchange.Ending{})
		})
		if got != want {
			rt.Errorf("got  %.300s\nwant %.300s", got, want)
		}
	})
}

func TestABodyThatNobodyWatchesIsHandedOnAsAReader(t *testing.T) {
	below := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
	x := exchange.New(nil)
	x.Response.Open(below)
	source := struct{ io.Reader }{strings.NewReader("ok")}
	if n, err := io.Copy(exchange.Watch(&x.Response, nil), source); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if below.reader != source {
		t.Errorf("the writer below got %v", below.reader)
	}
}

// readerFrom is a writer that knows a shorter way, as a TCP connection does.
type readerFrom struct {
	*httptest.ResponseRecorder
	reader io.Reader
}

func (w *readerFrom) ReadFrom(r io.Reader) (int64, error) {
	w.reader = r
	return io.Copy(w.ResponseRecorder, r)
}

func TestAResponseCostsNothingBesideItsExchange(t *testing.T) {
	below := httptest.NewRecorder()
	part := []byte("ok")
	allocations := testing.AllocsPerRun(100, func() {
		below.Body.Reset()
		x := exchange.New(nil)
		x.Response.Open(below)
		x.Response.WriteHeader(http.StatusOK)
		_, _ = x.Response.Write(part)
		x.End(exchange.Ending{})
	})
	if allocations != 1 {
		t.Errorf("%v allocations, want that of the exchange alone", allocations)
	}
}
