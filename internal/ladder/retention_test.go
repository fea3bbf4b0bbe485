package ladder

import (
	"bufio"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"
)

func TestAnAnswerDoesNotKeepItsRequest(t *testing.T) {
	const text = "GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nAuthorization: Bearer x\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, Limits{})
	s.Put(keyOf("/"), r.Header, answer("x"))
	secret := weak.Make(&r.Header["Authorization"][0])
	runtime.GC()
	if secret.Value() != nil {
		t.Error("the request's credential is still in memory")
	}
	if _, _, ok := s.Get(keyOf("/"), http.Header{"Accept": {"application/json"}}); !ok {
		t.Error("the answer is not kept")
	}
	runtime.KeepAlive(s)
}

func TestPutMakesRoomOfExpiredAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Limits{TTL: time.Minute})
		for _, path := range []string{"/a", "/b"} {
			s.Put(keyOf(path), nil, answer("x"))
		}
		time.Sleep(time.Minute)
		s.Put(keyOf("/c"), nil, answer("x"))
		if s.Len() != 3 {
			t.Errorf("%d answers are kept, want those within their TTL, 3", s.Len())
		}
		time.Sleep(time.Nanosecond)
		s.Put(keyOf("/d"), nil, answer("x"))
		if s.Len() != 2 {
			t.Errorf("%d answers are kept, want the two last", s.Len())
		}
	})
}
