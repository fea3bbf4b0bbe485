package gate

import (
	"errors"
	"testing"
)

// openPool returns a pool, a function that opens its next value, and the values
// that ended.
func openPool() (pool *Pool[string, int], open func() (int, error), ended *[]int) {
	ended = new([]int)
	pool = NewPool[string](func(value int) error { *ended = append(*ended, value); return nil })
	opened := 0
	return pool, func() (int, error) { opened++; return opened, nil }, ended
}

func TestAValueLivesUntilItsLastUserReleasesIt(t *testing.T) {
	pool, open, ended := openPool()
	for _, sharedBefore := range []bool{false, true} {
		if value, shared, err := pool.Acquire("key", open); value != 1 || shared != sharedBefore || err != nil {
			t.Errorf("acquired %d, shared %v, %v", value, shared, err)
		}
	}
	for _, want := range []int{0, 1} {
		if err := pool.Release("key"); err != nil || len(*ended) != want {
			t.Errorf("released: %v, ended %v, want %d", err, *ended, want)
		}
	}
	if value, shared, err := pool.Acquire("key", open); value != 2 || shared || err != nil {
		t.Errorf("acquired anew %d, shared %v, %v", value, shared, err)
	}
}

func TestNothingIsKeptOfAValueThatDoesNotOpen(t *testing.T) {
	pool, open, ended := openPool()
	broken := errors.New("broken")
	if _, _, err := pool.Acquire("key", func() (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of open", err)
	}
	if value, shared, err := pool.Acquire("key", open); value != 1 || shared || err != nil || len(*ended) != 0 {
		t.Errorf("acquired %d, shared %v, %v, ended %v", value, shared, err, *ended)
	}
}

func TestAPoolsEndMayBeNil(t *testing.T) {
	pool := NewPool[string, int](nil)
	if _, _, err := pool.Acquire("key", func() (int, error) { return 1, nil }); err != nil {
		t.Fatal(err)
	}
	if err := pool.Release("key"); err != nil {
		t.Error(err)
	}
}
