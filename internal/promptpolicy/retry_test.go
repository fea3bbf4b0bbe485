package promptpolicy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// slowPolicy always refuses, after some 10 ms of work.
var slowPolicy = strings.Replace(denying, "package gate\n", `package gate

digits := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

never if {
	digits[a] + digits[b] + digits[c] + digits[d] < 0
}
`, 1) + "\ndecision := 1 if never\n"

func TestAVersionThatTookTooLongIsTriedAgainAtAPoll(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir, func(o *Options) { o.Poll = 20 * time.Millisecond })
	release, err := e.Require(Conditions{Timeout: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"gate.rego": slowPolicy})
	await(t, outcomes, "took too long")
	if !allows(t, e) || len(e.Status().Faults) == 0 {
		t.Errorf("status = %+v", e.Status())
	}
	release() // as where the machine is no longer busy
	if c := next(t, outcomes); c.Err != nil {
		t.Errorf("it was reported again: %v", c.Err)
	}
	if allows(t, e) || len(e.Status().Faults) > 0 {
		t.Errorf("status = %+v", e.Status())
	}
}

func TestTrialsOfAVersionThatTakesTooLongGetRarer(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir, func(o *Options) { o.Poll = time.Minute })
	if _, err := e.Require(Conditions{Timeout: time.Microsecond}); err != nil {
		t.Fatal(err)
	}
	e.Close() // from here on, this test does the watcher's work
	write(t, dir, map[string]string{"gate.rego": slowPolicy})
	var pauses []time.Duration
	for range 5 {
		e.reload(t.Context())
		pauses = append(pauses, e.retry.pause)
		before := e.retry
		if e.reload(t.Context()); e.retry != before {
			t.Fatal("it was tried before it was due")
		}
		e.retry.at = time.Now()
	}
	if want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, maxRetryPause, maxRetryPause}; !slices.Equal(pauses, want) {
		t.Errorf("pauses = %s, want %s", pauses, want)
	}
	if len(outcomes) != 1 {
		t.Errorf("%d reports, want one", len(outcomes))
	}
	write(t, dir, map[string]string{"gate.rego": slowPolicy + "# edited"})
	if e.reload(t.Context()); len(outcomes) != 2 || e.retry.pause != time.Minute {
		t.Errorf("%d reports and a pause of %s for another version", len(outcomes), e.retry.pause)
	}
	write(t, dir, map[string]string{"gate.rego": "package"})
	if e.reload(t.Context()); e.retry != (retry{}) {
		t.Error("a version that is wrong is tried again")
	}
}

func TestFaultsOfTimeAreToldFromOthers(t *testing.T) {
	const slow = "\n\ntest_slow if {\n\tnumbers[a] + numbers[b] + numbers[c] + numbers[d] + numbers[e] + numbers[f] + numbers[g] + numbers[h] < 0\n}\n\nnumbers := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
	for name, tc := range map[string]struct {
		gate, test string
		timeout    time.Duration
		want       bool
	}{
		"a slow decision":           {slowPolicy, "test_true if true", time.Microsecond, true},
		"a slow test":               {denying, "test_true if true" + slow, ample, true},
		"a slow test and a failure": {denying, "test_false if false" + slow, ample, false},
		"a failure":                 {denying, "test_false if false", ample, false},
	} {
		t.Run(name, func(t *testing.T) {
			snap := snapshot(t, map[string]string{"gate.rego": tc.gate, "x_test.rego": "package x_test\n\n" + tc.test})
			_, err := Admit(t.Context(), snap, Conditions{Timeout: tc.timeout})
			if err == nil || isOverdue(err) != tc.want || len(FaultsOf(err)) == 0 {
				t.Errorf("error = %v, of time = %v", err, isOverdue(err))
			}
		})
	}
}

func TestTestsThatDoNotFinishAreOverdue(t *testing.T) {
	src, err := parse(snapshot(t, map[string]string{"gate.rego": denying, "x_test.rego": "package x_test\n\ntest_true if true"}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := src.test(ctx, nil); !isOverdue(err) {
		t.Errorf("error = %v", err)
	}
}
