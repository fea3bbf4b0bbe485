package limit

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/window"
)

// settled receives what a store is asked to settle.
type settled struct {
	window.Store
	all chan []window.Settlement
	err error
}

func (s settled) Settle(_ context.Context, all []window.Settlement) error {
	s.all <- all
	return s.err
}

// reserved returns a meter of a limit that has reserved 100.
func reserved(t *testing.T, store settled) *meter {
	t.Helper()
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "1000/1h", Settle: []string{"/used"}}}})
	h.store = store
	return &meter{handler: h, reservations: []reservation{{
		Settlement: window.Settlement{Charge: window.Charge{Limit: h.Limits[0].limit, Key: "key", Cost: 100}}, limit: &h.Limits[0],
	}}}
}

func TestACutAnswerCostsNoLessThanWasReserved(t *testing.T) {
	for _, tc := range []struct {
		cut  exchange.Cut
		body string
		want int64
	}{
		{exchange.Whole, `{"used": 7}`, 7},
		{exchange.Whole, `{"used": 700}`, 700},
		{exchange.ByClient, `{"used": 7}`, 100},
		{exchange.ByClient, `{"used": 700}`, 700},
		{exchange.ByServer, `{"used": 7}`, 100},
	} {
		store := settled{all: make(chan []window.Settlement, 1)}
		m := reserved(t, store)
		head := exchange.Head{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}}
		if action := m.Begin(&head); action != exchange.Show {
			t.Fatalf("action %v", action)
		}
		m.Body([]byte(tc.body))
		m.settle(exchange.Outcome{Cut: tc.cut})
		if all := <-store.all; len(all) != 1 || all[0].Cost != tc.want {
			t.Errorf("%s, cut %q: %+v, want %d", tc.body, tc.cut, all, tc.want)
		}
	}
}

func TestABodyIsShownOnlyWhereAFigureMayBe(t *testing.T) {
	for contentType, want := range map[string]exchange.Action{
		"application/json": exchange.Show, "text/event-stream": exchange.Show, "application/x-ndjson": exchange.Show,
		"image/png": exchange.Pass, "text/html; charset=utf-8": exchange.Pass, "": exchange.Pass, "/": exchange.Pass,
	} {
		m := reserved(t, settled{})
		if got := m.Begin(&exchange.Head{Header: http.Header{"Content-Type": {contentType}}}); got != want {
			t.Errorf("%q: action %v, want %v", contentType, got, want)
		}
	}
}

func TestAReservationThatCannotBeSettledStaysAndIsCounted(t *testing.T) {
	m := reserved(t, settled{all: make(chan []window.Settlement, 1), err: errors.New("gone")})
	failed, kept := settlements.WithLabelValues("l", "failed"), settlements.WithLabelValues("l", "kept")
	before := valueOf(t, failed)
	m.reservations[0].Cost, m.reservations[0].known = 7, true
	m.settle(exchange.Outcome{})
	eventually.True(t, "the failure is counted", func() bool { return valueOf(t, failed) == before+1 })

	before = valueOf(t, kept)
	reserved(t, settled{}).settle(exchange.Outcome{})
	if got := valueOf(t, kept) - before; got != 1 {
		t.Errorf("an answer without figure is counted %v times", got)
	}
}

func TestACompressedAnswerIsWarnedOfOnce(t *testing.T) {
	m := reserved(t, settled{})
	core, logs := observer.New(zap.WarnLevel)
	m.handler.logger = zap.New(core)
	unreadable := settlements.WithLabelValues("l", "unreadable")
	before := valueOf(t, unreadable)
	for range 3 {
		head := exchange.Head{Header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"br"}}}
		if action := m.Begin(&head); action != exchange.Pass {
			t.Errorf("action %v", action)
		}
		m.settle(exchange.Outcome{})
	}
	if got := valueOf(t, unreadable) - before; got != 3 || logs.Len() != 1 {
		t.Errorf("counted %v times, %d lines", got, logs.Len())
	}
}
