package healthcheck

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// always is a check that finds the same each time and counts its runs.
func always(status Status, runs *atomic.Int64) Func {
	return func(context.Context) Result {
		runs.Add(1)
		return Result{Status: status, Detail: "found " + status.String()}
	}
}

func stateOf(t *testing.T, r *Registry, name string) State {
	t.Helper()
	for _, state := range r.Report(context.Background()).Checks {
		if state.Name == name {
			return state
		}
	}
	t.Fatalf("no check %q in the report", name)
	return State{}
}

func TestTheWholeIsAsBadAsItsWorstCheck(t *testing.T) {
	type check struct {
		status   Status
		critical bool
	}
	for _, tc := range []struct {
		name    string
		checks  []check
		want    Status
		failing []string
	}{
		{"no checks at all", nil, OK, nil},
		{"all well", []check{{OK, true}, {OK, false}}, OK, nil},
		{"one degraded", []check{{OK, true}, {Degraded, true}}, Degraded, nil},
		{"a critical one failed", []check{{OK, true}, {Failed, true}, {Degraded, false}}, Failed, []string{"1"}},
		{"one that is not critical failed", []check{{OK, true}, {Failed, false}}, Degraded, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var registry Registry
			var runs atomic.Int64
			for i, c := range tc.checks {
				registry.Register(Check{Name: fmt.Sprint(i), Critical: c.critical, Run: always(c.status, &runs)})
			}
			report := registry.Report(t.Context())
			if report.Status != tc.want {
				t.Errorf("the whole is %s, want %s", report.Status, tc.want)
			}
			if got := report.Failing(); !slices.Equal(got, tc.failing) {
				t.Errorf("failing = %v, want %v", got, tc.failing)
			}
			if ready := tc.want != Failed; (report.Status != Failed) != ready {
				t.Errorf("ready = %t, want %t", report.Status != Failed, ready)
			}
		})
	}
}

func TestAResultIsKeptForTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		var runs atomic.Int64
		registry.Register(Check{Name: "c", Interval: 10 * time.Second, Run: always(OK, &runs)})
		for _, step := range []struct {
			wait time.Duration
			want int64
		}{{0, 1}, {9 * time.Second, 1}, {time.Second, 2}, {0, 2}} {
			time.Sleep(step.wait) // The bubble's clock, not ours.
			registry.Report(t.Context())
			if got := runs.Load(); got != step.want {
				t.Fatalf("after %s more: %d runs, want %d", step.wait, got, step.want)
			}
			synctest.Wait()
		}
	})
}

func TestEachReportRunsACheckWhoseResultIsTooOld(t *testing.T) {
	var registry Registry
	var runs atomic.Int64
	registry.Register(Check{Name: "c", Interval: time.Nanosecond, Run: always(OK, &runs)})
	for want := range int64(1000) {
		registry.Report(t.Context())
		if got := runs.Load(); got != want+1 {
			t.Fatalf("%d runs in %d reports", got, want+1)
		}
	}
}

func TestChecksRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		for i := range 20 {
			registry.Register(Check{Name: fmt.Sprint(i), Run: func(context.Context) Result {
				time.Sleep(time.Second)
				return Result{}
			}})
		}
		start := time.Now()
		report := registry.Report(t.Context())
		if took := time.Since(start); took != time.Second {
			t.Errorf("20 checks of a second took %s", took)
		}
		if report.Status != OK || report.Checks[0].Took != time.Second {
			t.Errorf("report %s, first took %s", report.Status, report.Checks[0].Took)
		}
		synctest.Wait()
	})
}

func TestManyAskersShareOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		var runs atomic.Int64
		registry.Register(Check{Name: "c", Run: func(context.Context) Result {
			runs.Add(1)
			time.Sleep(time.Second)
			return Result{}
		}})
		for range 50 {
			go registry.Report(t.Context())
		}
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := runs.Load(); got != 1 {
			t.Errorf("50 askers caused %d runs", got)
		}
	})
}

func TestAHungCheckDelaysOneReportByItsTimeoutAndThenNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		var runs, good atomic.Int64
		hang := make(chan struct{})
		registry.Register(Check{Name: "hung", Critical: true, Timeout: 3 * time.Second, Run: func(context.Context) Result {
			runs.Add(1)
			<-hang // It ignores its context, as a system call may.
			return Result{}
		}})
		registry.Register(Check{Name: "good", Run: always(OK, &good)})

		start := time.Now()
		report := registry.Report(t.Context())
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the first report took %s, want the timeout", took)
		}
		if got := report.Failing(); !slices.Equal(got, []string{"hung"}) {
			t.Errorf("failing = %v", got)
		}

		time.Sleep(time.Minute)
		start = time.Now()
		report = registry.Report(t.Context())
		if took := time.Since(start); took != 0 {
			t.Errorf("a report beside the hung run took %s", took)
		}
		if report.Status != Failed || runs.Load() != 1 {
			t.Errorf("ready = %t after %d runs, want failed after one", report.Status != Failed, runs.Load())
		}
		if good.Load() != 2 {
			t.Errorf("the other check ran %d times, want 2", good.Load())
		}

		close(hang)
		synctest.Wait()
		if got := registry.Report(t.Context()); got.Status == Failed || runs.Load() != 2 {
			t.Errorf("after the hang: %s after %d runs", got.Status, runs.Load())
		}
		synctest.Wait()
	})
}

func TestACheckThatNoticesItsTimeoutReadsLikeOneThatDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		registry.Register(Check{Name: "c", Timeout: time.Second, Run: func(ctx context.Context) Result {
			<-ctx.Done()
			return Result{Status: Failed, Detail: ctx.Err().Error()}
		}})
		if got := stateOf(t, &registry, "c").Detail; got != "no answer within 1s" {
			t.Errorf("detail = %q", got)
		}
		synctest.Wait()
	})
}

func TestAReportEndsWithItsContextAndTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		registry.Register(Check{Name: "slow", Critical: true, Run: func(ctx context.Context) Result {
			time.Sleep(time.Second)
			if ctx.Err() != nil {
				return Result{Status: Failed}
			}
			return Result{}
		}})
		impatient, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if report := registry.Report(impatient); report.Status != Failed {
			t.Error("a check that never answered counts as passed")
		}
		if report := registry.Report(t.Context()); report.Status == Failed {
			t.Error("the client that left made the check fail")
		}
		synctest.Wait()
	})
}

func TestASlowCheckIsToldAsItWasLastWhileItRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		var hangs atomic.Bool
		registry.Register(Check{Name: "c", Critical: true, Run: func(ctx context.Context) Result {
			if hangs.Load() {
				<-ctx.Done()
			}
			return Result{}
		}})
		registry.Report(t.Context())
		hangs.Store(true)
		time.Sleep(DefaultInterval)
		// the third comes after the timeout of 2 s
		for i, ready := range []bool{true, true, false} {
			start := time.Now()
			report := askFor(t, &registry, 900*time.Millisecond)
			if took := time.Since(start); took > 900*time.Millisecond || (report.Status != Failed) != ready {
				t.Errorf("probe %d: ready = %t after %s, want %t within 900 ms", i, report.Status != Failed, took, ready)
			}
			synctest.Wait()
		}
	})
}

func TestWhatWasNeverLookedAtIsUnknown(t *testing.T) {
	for _, critical := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var registry Registry
			registry.Register(Check{Name: "c", Critical: critical, Run: func(ctx context.Context) Result {
				<-ctx.Done()
				return Result{}
			}})
			report := askFor(t, &registry, 100*time.Millisecond)
			if got := report.Checks[0]; got.Status != Unknown || got.Detail != "not checked yet" || len(got.History) != 0 {
				t.Errorf("%+v", got)
			}
			want := Degraded
			if critical {
				want = Failed // nobody may send requests before it is known to work
			}
			if report.Status != want || (report.Status == Failed) != critical {
				t.Errorf("critical %t: the whole is %s, ready %t", critical, report.Status, report.Status != Failed)
			}
			time.Sleep(DefaultTimeout)
			synctest.Wait()
		})
	}
}

func TestAnOldResultDoesNotStandInForOneOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		var runs atomic.Int64
		registry.Register(Check{Name: "c", Run: func(ctx context.Context) Result {
			if runs.Add(1) > 1 {
				<-ctx.Done()
			}
			return Result{}
		}})
		registry.Report(t.Context())
		time.Sleep(time.Hour)
		state := askFor(t, &registry, time.Second).Checks[0]
		if state.Status != Unknown || !strings.HasPrefix(state.Detail, "not checked since ") {
			t.Errorf("%s: %s", state.Status, state.Detail)
		}
		time.Sleep(DefaultTimeout)
		synctest.Wait()
	})
}

// askFor is a report by somebody who waits no longer than that.
func askFor(t *testing.T, r *Registry, patience time.Duration) Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return r.Report(ctx)
}

func TestAPanicIsAFailure(t *testing.T) {
	var registry Registry
	registry.Register(Check{Name: "c", Run: func(context.Context) Result { panic("boom") }})
	state := stateOf(t, &registry, "c")
	if state.Status != Failed || !strings.Contains(state.Detail, "boom") {
		t.Errorf("%s: %s", state.Status, state.Detail)
	}
}

func TestHistoryKeepsTheLastChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		statuses := []Status{OK, OK, Failed, Failed, Degraded, OK}
		i := 0
		registry.Register(Check{Name: "c", Interval: time.Second, Run: func(context.Context) Result {
			i++
			return Result{Status: statuses[(i-1)%len(statuses)]}
		}})
		var state State
		for range len(statuses) {
			state = stateOf(t, &registry, "c")
			synctest.Wait()
			time.Sleep(time.Second)
		}
		var got []string
		for _, change := range state.History {
			got = append(got, change.From.String()+">"+change.To.String())
		}
		want := []string{"ok>failed", "failed>degraded", "degraded>ok"}
		if !slices.Equal(got, want) {
			t.Fatalf("history = %v, want %v", got, want)
		}
		if gap := state.History[1].At.Sub(state.History[0].At); gap != 2*time.Second {
			t.Errorf("the failure lasted %s in the history, want 2s", gap)
		}

		for range 100 {
			state = stateOf(t, &registry, "c")
			synctest.Wait()
			time.Sleep(time.Second)
		}
		if len(state.History) != MaxHistory {
			t.Errorf("%d changes kept, want %d", len(state.History), MaxHistory)
		}
	})
}

func TestTheLastRegisteredCheckOfANameIsInForce(t *testing.T) {
	var registry Registry
	var runs atomic.Int64
	removeOld := registry.Register(Check{Name: "c", Run: always(OK, &runs)})
	removeNew := registry.Register(Check{Name: "c", Critical: true, Run: always(Failed, &runs)})
	if got := stateOf(t, &registry, "c"); got.Status != Failed || !got.Critical {
		t.Errorf("the new one is not in force: %+v", got)
	}
	removeNew()
	removeNew()
	if got := stateOf(t, &registry, "c"); got.Status != OK || got.Critical {
		t.Errorf("the old one did not return: %+v", got)
	}
	removeOld()
	if report := registry.Report(t.Context()); len(report.Checks) != 0 {
		t.Errorf("still there: %+v", report.Checks)
	}
}

func TestTakingOutAFormerCheckKeepsTheResult(t *testing.T) {
	var registry Registry
	var old, current atomic.Int64
	removeOld := registry.Register(Check{Name: "c", Interval: time.Hour, Run: always(Failed, &old)})
	registry.Register(Check{Name: "c", Interval: time.Hour, Run: always(OK, &current)})
	registry.Report(t.Context())
	removeOld()
	if got := stateOf(t, &registry, "c"); got.Status != OK || current.Load() != 1 || old.Load() != 0 {
		t.Errorf("%s after %d runs, and %d of the former check", got.Status, current.Load(), old.Load())
	}
}

func TestANewCheckDoesNotWaitForTheHungOneItReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var registry Registry
		var runs atomic.Int64
		hang := make(chan struct{})
		remove := registry.Register(Check{Name: "c", Run: func(context.Context) Result {
			<-hang
			return Result{Status: Failed, Detail: "too late"}
		}})
		registry.Report(t.Context())
		registry.Register(Check{Name: "c", Run: always(OK, &runs)})
		remove()
		if got := stateOf(t, &registry, "c"); got.Status != OK {
			t.Errorf("status = %s", got.Status)
		}
		close(hang)
		synctest.Wait()
		if got := stateOf(t, &registry, "c"); got.Status != OK {
			t.Errorf("the old run's late answer is in force: %s", got.Detail)
		}
	})
}

func TestReportsAndRegistrationsAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[a-c]`), 1, 8).Draw(t, "names")
		var registry Registry
		var runs atomic.Int64
		done := make(chan struct{})
		for _, name := range names {
			go func() {
				remove := registry.Register(Check{Name: name, Run: always(OK, &runs)})
				registry.Report(context.Background())
				remove()
				done <- struct{}{}
			}()
		}
		for range names {
			<-done
		}
		if report := registry.Report(context.Background()); len(report.Checks) != 0 {
			t.Fatalf("left behind: %+v", report.Checks)
		}
	})
}

func TestHTTPWantsASuccess(t *testing.T) {
	for code, want := range map[int]Status{200: OK, 204: OK, 302: Failed, 404: Failed, 503: Failed} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
		}))
		got := HTTP(server.Client(), server.URL)(t.Context())
		server.Close()
		if got.Status != want {
			t.Errorf("%d is %s, want %s", code, got.Status, want)
		}
		if got := HTTP(server.Client(), server.URL)(t.Context()); got.Status != Failed {
			t.Errorf("a closed port is %s", got.Status)
		}
	}
}

func TestHTTPDoesNotReadForever(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 1<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got := HTTP(server.Client(), server.URL)(ctx); got.Status != OK || ctx.Err() != nil {
		t.Errorf("%+v, %v", got, ctx.Err())
	}
}

func TestHostChecksMeasureThisHost(t *testing.T) {
	never, soon := Thresholds{}, Thresholds{Degraded: 1e-9}
	for name, check := range map[string]func(Thresholds) Func{
		"disk":   func(th Thresholds) Func { return Disk(t.TempDir(), th) },
		"memory": Memory,
		"load":   Load,
	} {
		got := check(never)(t.Context())
		if got.Status != OK || len(got.Data) == 0 || got.Detail == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if name == "load" {
			continue // A host may be idle.
		}
		if got := check(soon)(t.Context()); got.Status != Degraded {
			t.Errorf("%s over its threshold is %s", name, got.Status)
		}
	}
	if got := Disk("/no/such/directory", never)(t.Context()); got.Status != Degraded {
		t.Errorf("a directory that is not there is %s", got.Status)
	}
}

func TestThresholds(t *testing.T) {
	both := Thresholds{Degraded: 80, Failed: 95}
	for _, tc := range []struct {
		thresholds Thresholds
		figure     float64
		want       Status
	}{
		{both, 79.9, OK}, {both, 80, Degraded}, {both, 95, Failed}, {both, 100, Failed},
		{Thresholds{Degraded: 80}, 100, Degraded}, {Thresholds{}, 100, OK},
	} {
		if got := tc.thresholds.Judge(tc.figure); got != tc.want {
			t.Errorf("%+v judges %g as %s, want %s", tc.thresholds, tc.figure, got, tc.want)
		}
	}
}
