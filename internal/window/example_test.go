package window_test

import (
	"context"
	"fmt"
	"time"

	"github.com/odordiff/odordiff/internal/window"
)

// One decision charges several limits, or none of them.
func ExampleMemory() {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	store := window.NewMemory(window.MemoryOptions{Clock: func() time.Time { return now }})
	user := window.Limit{Name: "user", Rate: 2, Window: time.Minute}
	all := window.Limit{Name: "all", Rate: 100, Window: time.Minute}
	request := []window.Charge{
		{Limit: user, Key: "alice", Cost: 1},
		{Limit: all, Key: "", Cost: 1},
	}

	for range 3 {
		verdict, err := store.Decide(context.Background(), request)
		if err != nil {
			fmt.Println(err)
			return
		}
		alice, everyone := verdict.States[0], verdict.States[1]
		fmt.Println(verdict.Allowed, alice.Remaining, everyone.Remaining, alice.RetryAfter)
	}
	// Output:
	// true 1 99 0s
	// true 0 98 0s
	// false 0 98 1m1s
}
