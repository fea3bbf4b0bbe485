package topkeys

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestFewKeysAreCountedExactly(t *testing.T) {
	recent := NewRecent[string](time.Minute)
	for i := range 6 {
		recent.Add([]string{"a", "b", "a", "c", "a", "b"}[i], start.Add(time.Duration(i)*time.Second))
	}
	top, since := recent.Top(2, start.Add(10*time.Second))
	want := []Entry[string]{{"a", 3, 0, start.Add(4 * time.Second)}, {"b", 2, 0, start.Add(5 * time.Second)}}
	if len(top) != 2 || top[0] != want[0] || top[1] != want[1] || !since.Equal(start) {
		t.Errorf("top %+v since %v, want %+v", top, since, want)
	}
}

func TestAFrequentKeyIsFoundInAFloodOfOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	recent := NewRecent[string](time.Hour)
	really := map[string]int64{}
	const all = 100_000
	for range all {
		key := strconv.Itoa(random.IntN(1 << 30))
		switch n := random.IntN(100); {
		case n < 3:
			key = "hammer"
		case n < 5:
			key = "second"
		}
		really[key]++
		recent.Add(key, start)
	}
	top, _ := recent.Top(2, start)
	for i, key := range []string{"hammer", "second"} {
		if e := top[i]; e.Key != key || e.Count < really[key] || e.Count-e.Over > really[key] {
			t.Errorf("place %d: %+v, want %s, which was there %d times", i, e, key, really[key])
		}
	}
	if rest, _ := recent.Top(all, start); len(rest) > Capacity {
		t.Errorf("%d keys are kept", len(rest))
	}
}

func TestWhatIsOldIsForgottenByHalves(t *testing.T) {
	recent := NewRecent[string](time.Minute)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	recent.Add("a", at(0))
	recent.Add("a", at(61))
	recent.Add("b", at(62))
	if top, since := recent.Top(9, at(70)); len(top) != 2 || top[0].Count != 2 || !since.Equal(at(0)) {
		t.Errorf("over two spans: %+v since %v", top, since)
	}
	recent.Add("b", at(122))
	if top, since := recent.Top(9, at(123)); len(top) != 2 || top[0].Key != "b" || top[0].Count != 2 || top[1].Count != 1 || !since.Equal(at(61)) {
		t.Errorf("the first is not forgotten: %+v since %v", top, since)
	}
	if top, _ := recent.Top(9, at(200)); len(top) != 1 || top[0].Key != "b" {
		t.Errorf("what is not older than two spans: %+v", top)
	}
	if top, _ := recent.Top(9, at(400)); len(top) != 0 {
		t.Errorf("what is older than two spans: %+v", top)
	}
}
