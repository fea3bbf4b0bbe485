package backup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/odordiff/odordiff/internal/backup"
)

// rounds runs a schedule for a time and returns when each round began, since
// the first. A round fails when the list of outcomes says so.
func rounds(t *testing.T, every, during time.Duration, outcomes ...error) ([]time.Duration, *backup.Schedule) {
	t.Helper()
	var began []time.Duration
	start := time.Now()
	schedule := &backup.Schedule{Every: every, Round: func(context.Context) error {
		began = append(began, time.Since(start))
		if n := len(began); n <= len(outcomes) {
			return outcomes[n-1]
		}
		return nil
	}}
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	schedule.Run(ctx)
	return began, schedule
}

func TestRoundsAreMadeOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, schedule := rounds(t, time.Hour, 10*time.Hour)
		if n := len(began); n < 10 || n > 12 {
			t.Errorf("%d rounds in ten hours: %v", n, began)
		}
		for i, at := range began[1:] {
			if gap := at - began[i]; gap < 54*time.Minute || gap > time.Hour {
				t.Errorf("%v after the round before", gap)
			}
		}
		if err := schedule.Health(); err != nil {
			t.Error(err)
		}
	})
}

func TestAFailedRoundIsTriedAgainSoon(t *testing.T) {
	gone := errors.New("the bucket is gone")
	synctest.Test(t, func(t *testing.T) {
		began, schedule := rounds(t, time.Hour, 40*time.Minute, gone, gone, gone)
		if len(began) != 4 || began[1] > time.Minute || began[3] < 5*time.Minute || began[3] > 7*time.Minute {
			t.Errorf("began %v", began)
		}
		if status := schedule.Status(); status.Failures != 0 || schedule.Health() != nil {
			t.Errorf("after a good round: %+v", status)
		}
	})
}

func TestHealthTellsOfAFailedRoundAndOfAnOldOne(t *testing.T) {
	gone := errors.New("the bucket is gone")
	synctest.Test(t, func(t *testing.T) {
		schedule := &backup.Schedule{Every: time.Hour}
		if err := schedule.Health(); err == nil {
			t.Error("healthy before the first round")
		}
		_, schedule = rounds(t, time.Hour, 2*time.Minute, gone, gone)
		if err := schedule.Health(); !errors.Is(err, gone) || !strings.Contains(err.Error(), "2 rounds failed") {
			t.Errorf("health: %v", err)
		}
		_, schedule = rounds(t, time.Hour, 30*time.Minute)
		time.Sleep(3 * time.Hour)
		if err := schedule.Health(); err == nil || !strings.Contains(err.Error(), "3h") {
			t.Errorf("health of an old round: %v", err)
		}
	})
}

func TestARoundThatIsBrokenOffIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		schedule := &backup.Schedule{
			Every:  time.Hour,
			Round:  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			Failed: func(err error) { t.Errorf("failed: %v", err) },
		}
		schedule.Run(ctx)
		if status := schedule.Status(); status.Error != nil {
			t.Errorf("status %+v", status)
		}
	})
}
