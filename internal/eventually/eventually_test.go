package eventually_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
)

func TestAWaitEndsWithTheConditionOrAfterAMinute(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		holds bool
	}{
		"at once":     {0, true},
		"later":       {time.Second, true},
		"never":       {time.Hour, false},
		"at the last": {time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				got := eventually.Holds(func() bool { return time.Since(start) >= test.after })
				if took := time.Since(start); got != test.holds || took != min(test.after, time.Minute) {
					t.Errorf("%t after %v", got, took)
				}
			})
		})
	}
}
