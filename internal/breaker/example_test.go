package breaker_test

import (
	"errors"
	"fmt"

	"github.com/odordiff/odordiff/internal/breaker"
)

// Each attempt asks for a permit and settles it with what became of it.
func ExampleBreaker() {
	b := breaker.New("backend:8090", breaker.Settings{TripAfter: 2}, func(c breaker.Change) {
		fmt.Printf("%s: %s to %s: %v\n", c.Breaker, c.From, c.To, c.Cause)
	})
	for range 3 {
		permit := b.Allow()
		if permit == nil {
			fmt.Println("no attempt")
			continue
		}
		permit.Failure(errors.New("connection refused"))
	}
	// Output:
	// backend:8090: closed to open: connection refused
	// no attempt
}
