package fallback

import (
	"net/http/httptest"
	"testing"

	"github.com/odordiff/odordiff/internal/exchange"
)

func TestARecordingIsCompleteOnlyWithAllOfItsBytes(t *testing.T) {
	for _, test := range []struct {
		name, announced string
		parts           []string
		want            bool
	}{
		{"all", "4", []string{"ab", "cd"}, true},
		{"short", "5", []string{"ab", "cd"}, false},
		{"long", "3", []string{"ab", "cd"}, false},
		{"empty", "0", nil, true},
		{"of unknown length", "", []string{"ab", "cd"}, true},
		{"at the limit", "", []string{"abcd", "efgh"}, true},
		{"over the limit", "", []string{"abcd", "efghi"}, false},
		{"announced over the limit", "9", nil, false},
	} {
		rec := newRecording(nil, 200, 8, test.announced)
		body := ""
		for _, part := range test.parts {
			rec.add([]byte(part))
			body += part
		}
		answer, ok := rec.complete()
		if ok != test.want || ok && string(answer.Body) != body {
			t.Errorf("%s: complete = %q, %v", test.name, answer.Body, ok)
		}
	}
}

func TestWhatTheProxyWritesForAClientThatLeftIsNoAnswer(t *testing.T) {
	sink, x := httptest.NewRecorder(), exchange.New(nil)
	w := newLive(sink, x, entry{})
	w.WriteHeader(499)
	_, _ = w.Write(nil)
	if sink.Code != 499 || sink.Header().Get(servedBy) != "" || w.Withheld() != 0 || x.ServedBy != "" {
		t.Errorf("passed on as %d %v by %q", sink.Code, sink.Header(), x.ServedBy)
	}
}
