package exchange

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/strictjson"
)

func request(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
}

func TestBodyIsReadOnceAndRewoundForEachAttempt(t *testing.T) {
	x, r := New(nil), request("hello")
	for range 3 {
		got, err := x.Body(r, 10)
		if err != nil || string(got) != "hello" {
			t.Fatalf("Body = %q, %v", got, err)
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || string(sent) != "hello" || r.ContentLength != 5 {
			t.Fatalf("attempt read %q (%d), %v", sent, r.ContentLength, err)
		}
	}
}

func TestBodyOverTheLimitIsRefused(t *testing.T) {
	unknownLength := request(strings.Repeat("x", 11))
	unknownLength.ContentLength = -1
	capped := request(strings.Repeat("x", 11))
	capped.Body = http.MaxBytesReader(httptest.NewRecorder(), capped.Body, 4)
	capped.ContentLength = -1
	for name, r := range map[string]*http.Request{
		"announced": request(strings.Repeat("x", 11)), "chunked": unknownLength, "capped before us": capped,
	} {
		if _, err := New(nil).Body(r, 10); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: err = %v, want ErrTooLarge", name, err)
		}
	}
}

func TestBodyAtTheLimitIsTaken(t *testing.T) {
	if _, err := New(nil).Body(request(strings.Repeat("x", 10)), 10); err != nil {
		t.Fatal(err)
	}
}

func TestASmallerLimitLaterStillHolds(t *testing.T) {
	x, r := New(nil), request("hello")
	if _, err := x.Body(r, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Body(r, 4); !errors.Is(err, ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
}

func TestTheRestOfABodyIsNotTheBody(t *testing.T) {
	for name, test := range map[string]struct {
		body io.Reader
		want error
	}{
		"too large": {strings.NewReader("0123456789tail"), ErrTooLarge},
		"broken":    {iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("0tail"))), iotest.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			x, r := New(nil), httptest.NewRequest(http.MethodPost, "/", test.body)
			r.ContentLength = -1
			for range 2 {
				if body, err := x.Body(r, 9); !errors.Is(err, test.want) {
					t.Errorf("Body = %q, %v, want %v", body, err, test.want)
				}
			}
			if x.Read() {
				t.Error("counts as read")
			}
		})
	}
}

func TestABodyIsReadAsStrictJSON(t *testing.T) {
	x := New(nil)
	if _, err := x.Body(request(`{"b":1.0,"a":"\u00e9"}`), 100); err != nil {
		t.Fatal(err)
	}
	value, err := x.JSON()
	if diff := cmp.Diff(map[string]any{"a": "é", "b": json.Number("1.0")}, value); err != nil || diff != "" {
		t.Errorf("JSON: %v %s", err, diff)
	}
}

func TestNothingIsMadeOfABodyThatIsNotStrict(t *testing.T) {
	x := New(nil)
	if _, err := x.Body(request(`{"a":1,"A":2}`), 100); err != nil {
		t.Fatal(err)
	}
	_, wrong := x.JSON()
	if _, ok := errors.AsType[*strictjson.Error](wrong); !ok {
		t.Errorf("JSON: %v", wrong)
	}
}

func TestNoTwoPrincipalsShareAKey(t *testing.T) {
	seen := make(map[string]Principal)
	for _, authority := range []string{"", "a", "a|b"} {
		for _, tenant := range []string{"", "a", "a|b"} {
			for _, id := range []string{"bob", "a|bob", "b|bob"} {
				p := Principal{ID: id, Authority: authority, Tenant: tenant}
				if other, taken := seen[p.Key()]; taken {
					t.Errorf("%+v and %+v share a key", p, other)
				}
				seen[p.Key()] = p
			}
		}
	}
}
