package gate

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/problem"
)

// hangingTrail makes a trail the current one whose writer hangs with each group
// until the function is called.
func hangingTrail(t *testing.T, required bool) (a *auditing, goOn func()) {
	t.Helper()
	hang := make(chan struct{})
	a = &auditing{trail: &trail{firsts: newFirstUses(maxFirstUses)}, required: required}
	var err error
	a.Trail, err = audit.Open(audit.Options{Folder: t.TempDir(), Committed: func(events int, took time.Duration) {
		<-hang
		a.committed(events, took)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(takeOverTrail(a))
	return a, func() { close(hang) }
}

// useOf is a request of a principal, and its exchange.
func useOf(t *testing.T, who string) (*http.Request, *exchange.Exchange) {
	t.Helper()
	x := exchange.New(nil)
	x.ClientIP, x.Principal = "192.0.2.1", &exchange.Principal{ID: who, Method: "jwt"}
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), x
}

func TestNoUseOfACredentialGoesOnBeforeItsFirstIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, goOn := hangingTrail(t, true)
		answers := make(chan *problem.Problem, 2)
		for range cap(answers) {
			r, x := useOf(t, "alice")
			go func() { answers <- RecordUse(r, x) }()
			synctest.Wait()
		}
		if n := len(answers); n != 0 {
			t.Errorf("%d requests went on before the use was recorded", n)
		}
		goOn()
		for range cap(answers) {
			if refusal := <-answers; refusal != nil {
				t.Errorf("refused: %v", refusal)
			}
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAUseThatWasNotRecordedIsStillTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, required := range []bool{true, false} {
			a, goOn := hangingTrail(t, required)
			goOn()
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			r, x := useOf(t, "alice")
			for range 2 {
				if refusal := RecordUse(r, x); (refusal != nil) != required {
					t.Errorf("required %v: refused with %v", required, refusal)
				}
			}
			if a.firsts.knows(use{id: "alice", method: "jwt"}) {
				t.Errorf("required %v: a use that was not recorded is known", required)
			}
		}
	})
}

func TestATrailThatHangsRefusesAndIsNotHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for required, want := range map[bool]healthcheck.Status{true: healthcheck.Failed, false: healthcheck.Degraded} {
			a, goOn := hangingTrail(t, required)
			r, x := useOf(t, "alice")
			start := time.Now()
			refusal := RecordUse(r, x)
			if took := time.Since(start); (refusal != nil) != required || took > hangsAfter {
				t.Errorf("required %v: answered with %v after %v", required, refusal, took)
			}
			time.Sleep(hangsAfter + time.Second)
			if got := a.check(t.Context()); got.Status != want {
				t.Errorf("required %v: the check is %v, want %v", required, got, want)
			}
			goOn()
			synctest.Wait()
			if got := a.check(t.Context()); got.Status != healthcheck.OK {
				t.Errorf("required %v: the check is %v when the disk works again", required, got)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTheHealthWarnsBeforeTheQuotaIsReached(t *testing.T) {
	for _, test := range []struct {
		events int
		want   healthcheck.Status
		detail string
	}{
		{0, healthcheck.OK, "recording"},
		{34, healthcheck.Degraded, "and the quota is 2.0 MiB"},
		{40, healthcheck.Degraded, "refused requests are not recorded any more"},
	} {
		opened, err := audit.Open(audit.Options{Folder: t.TempDir(), Quota: 2 << 20})
		if err != nil {
			t.Fatal(err)
		}
		a := &auditing{trail: &trail{Trail: opened}}
		large := audit.Event{Name: "x", Fields: []audit.Field{audit.Text("text", strings.Repeat("x", 50_000))}}
		for range test.events {
			if err := a.Trail.Append(t.Context(), large); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.check(t.Context()); got.Status != test.want || !strings.Contains(got.Detail, test.detail) {
			t.Errorf("after %d events: %v, want %v and %q", test.events, got, test.want, test.detail)
		}
		if err := a.Trail.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestUsesAreForgottenOnlyWhenAsManyOthersCame(t *testing.T) {
	uses := newFirstUses(4)
	alice, bob := use{id: "alice"}, use{id: "bob"}
	uses.add(alice)
	uses.add(bob)
	for _, other := range []string{"1", "2", "3", "4"} {
		uses.add(use{id: other})
		if !uses.knows(alice) {
			t.Errorf("alice is forgotten after %s, though she was seen", other)
		}
	}
	if uses.knows(bob) {
		t.Error("bob is not forgotten")
	}
}

// What a gateway has still to write when it stops goes by the options of its
// last config.
func TestAConfigThatEndedDoesNotGetTheTrailBack(t *testing.T) {
	folder := t.TempDir()
	auditor, err := audit.ParseRecipient("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	if err != nil {
		t.Fatal(err)
	}
	sealed := audit.Options{Folder: folder}
	sealed.Recipients = append(sealed.Recipients, auditor)
	shared := &trail{firsts: newFirstUses(maxFirstUses)}
	if shared.Trail, err = audit.Open(audit.Options{Folder: folder}); err != nil {
		t.Fatal(err)
	}
	first := &auditing{trail: shared, options: audit.Options{Folder: folder}, config: "in the clear"}
	second := &auditing{trail: shared, options: sealed, config: "sealed"}
	third := &auditing{trail: shared, options: audit.Options{Folder: folder}, config: "fails to start"}

	endFirst := takeOverTrail(first)
	endSecond := takeOverTrail(second)
	endFirst()
	endThird := takeOverTrail(third)
	endThird()
	if running() != second {
		t.Error("the config that keeps running does not audit")
	}
	endSecond()
	if running() != nil {
		t.Error("a config that ended audits")
	}
	if err := errors.Join(shared.Append(t.Context(), audit.Event{Name: "late", Principal: "alice"}), shared.Trail.Close()); err != nil {
		t.Fatal(err)
	}
	segment, err := os.ReadFile(filepath.Join(folder, "00000002.audit"))
	if err != nil || strings.Contains(string(segment), "alice") {
		t.Errorf("%v\n%s", err, segment)
	}
}
