package ladder

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func keyOf(path string) Key { return Request{Asked: Target{Path: path}}.Key() }

type failing interface{ Fatal(args ...any) }

func newStore(t failing, limits Limits) *Store {
	s, err := NewStore(limits)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func answer(body string) Answer {
	return Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}

func TestAnAnswerComesBackWithItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Limits{TTL: time.Minute})
		if !s.Put(keyOf("/a"), nil, answer("first")) {
			t.Fatal("not kept")
		}
		s.Put(keyOf("/a"), nil, answer("second"))
		time.Sleep(time.Minute)
		got, age, ok := s.Get(keyOf("/a"), nil)
		if !ok || string(got.Body) != "second" || age != time.Minute || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("Get = %q, %v, %v", got.Body, age, ok)
		}
		if _, _, ok := s.Get(keyOf("/b"), nil); ok {
			t.Error("another request has the answer")
		}
		time.Sleep(time.Nanosecond)
		if _, _, ok := s.Get(keyOf("/a"), nil); ok {
			t.Error("served after its TTL")
		}
		if s.Len() != 0 || s.Size() != 0 {
			t.Errorf("an expired answer takes %d bytes", s.Size())
		}
	})
}

func TestAnswersOverTheEntryLimitAreNotKept(t *testing.T) {
	s := newStore(t, Limits{MaxEntry: 4})
	if s.Put(keyOf("/a"), nil, answer("12345")) {
		t.Error("kept 5 bytes of at most 4")
	}
	if !s.Put(keyOf("/a"), nil, answer("1234")) {
		t.Error("4 bytes of at most 4 are not kept")
	}
	if s.Put(keyOf("/a"), nil, answer("12345")) || s.Len() != 0 {
		t.Error("the answer before an oversized one is still served")
	}
}

func TestTheLeastRecentlyUsedGivesWay(t *testing.T) {
	s := newStore(t, Limits{MaxSize: 3 * (overhead + blockSize)})
	body := string(bytes.Repeat([]byte("x"), 60))
	for _, path := range []string{"/a", "/b", "/c"} {
		s.Put(keyOf(path), nil, answer(body))
	}
	s.Get(keyOf("/a"), nil)
	s.Put(keyOf("/d"), nil, answer(body))
	for path, want := range map[string]bool{"/a": true, "/b": false, "/c": true, "/d": true} {
		if _, _, ok := s.Get(keyOf(path), nil); ok != want {
			t.Errorf("%s kept = %v, want %v", path, ok, want)
		}
	}
}

func TestAnAnswerIsForRequestsAlikeInWhatItVariesWith(t *testing.T) {
	english := http.Header{"Accept": {"application/json"}, "Accept-Language": {"en, fr"}, "Accept-Encoding": {"gzip"}}
	with := func(field, value string) http.Header {
		h := english.Clone()
		h.Set(field, value)
		return h
	}
	plain, encoded := answer("x"), answer("x")
	plain.Header.Set("Vary", "accept-language")
	encoded.Header.Set("Content-Encoding", "gzip")
	for _, test := range []struct {
		name    string
		answer  Answer
		request http.Header
		want    bool
	}{
		{"the same", plain, english, true},
		{"spelt otherwise", plain, with("Accept-Language", "en,fr"), true},
		{"another language", plain, with("Accept-Language", "de"), false},
		{"another format", plain, with("Accept", "text/event-stream"), false},
		{"another encoding of plain", plain, with("Accept-Encoding", "br"), true},
		{"another encoding of encoded", encoded, with("Accept-Encoding", "br"), false},
	} {
		s := newStore(t, Limits{})
		s.Put(keyOf("/a"), english, test.answer)
		if _, _, ok := s.Get(keyOf("/a"), test.request); ok != test.want {
			t.Errorf("%s: served = %v", test.name, ok)
		}
	}
}

func TestTheStoreNeverOutgrowsItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStore(t, Limits{MaxSize: 4096, MaxEntry: 2048})
		last := map[string]int{}
		for i := range rapid.IntRange(1, 60).Draw(t, "puts") {
			path := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "path"))
			size := rapid.IntRange(0, 3000).Draw(t, "size")
			body := bytes.Repeat([]byte{byte(i)}, size)
			if s.Put(keyOf(path), nil, Answer{Status: 200, Body: body}) {
				last[path] = i
			} else {
				delete(last, path)
			}
			if s.Size() > 4096 || s.Size() < int64(s.Len())*overhead {
				t.Fatalf("%d answers take %d bytes", s.Len(), s.Size())
			}
			for path := range 10 {
				got, _, ok := s.Get(keyOf(fmt.Sprint(path)), nil)
				want, kept := last[fmt.Sprint(path)]
				if ok && (!kept || len(got.Body) > 0 && got.Body[0] != byte(want)) {
					t.Fatalf("%d: an answer other than the last", path)
				}
			}
		}
	})
}

func BenchmarkPut(b *testing.B) {
	s := newStore(b, Limits{})
	a := answer(string(bytes.Repeat([]byte("x"), 700)))
	target := Target{Method: "POST", Path: "/api/v1/generate"}
	q := Request{Host: "localhost", Asked: target, Passed: target, Principal: "ann", Body: bytes.Repeat([]byte("x"), 250)}
	b.ReportAllocs()
	for b.Loop() {
		s.Put(q.Key(), nil, a)
	}
}
