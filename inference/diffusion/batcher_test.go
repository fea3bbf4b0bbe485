package diffusion

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sequencesOf makes unconditioned sequences of masked tokens.
func sequencesOf(m *Model, lengths ...int) []*sequence {
	free := m.newModulations(Condition{})
	var out []*sequence
	for _, length := range lengths {
		out = append(out, m.newSequence(make([]uint8, length), free))
	}
	return out
}

func TestSplitKeepsOrderAndFitsTheWorkspace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOf(rapid.IntRange(1, 48)).Draw(t, "lengths")
		workers := rapid.IntRange(1, 16).Draw(t, "workers")
		var all []*sequence
		for _, length := range lengths {
			all = append(all, &sequence{tokens: make([]uint8, length)})
		}
		var again []*sequence
		for _, chunk := range split(nil, all, workers) {
			rows := 0
			for _, s := range chunk {
				rows += len(s.tokens)
			}
			if len(chunk) == 0 || len(chunk) > workspaceSequences || rows > workspaceRows {
				t.Fatalf("a chunk of %d sequences and %d tokens", len(chunk), rows)
			}
			again = append(again, chunk...)
		}
		if len(again) != len(all) {
			t.Fatalf("%d of %d sequences", len(again), len(all))
		}
		for i := range all {
			if all[i] != again[i] {
				t.Fatalf("sequence %d is another", i)
			}
		}
	})
}

func TestWorkersAreEquallyBusy(t *testing.T) {
	m := model(t)
	lengths := make([]int, 30)
	for i := range lengths {
		lengths[i] = 20
	}
	for _, chunk := range split(nil, sequencesOf(m, lengths...), 2) {
		if len(chunk) != 7 && len(chunk) != 8 {
			t.Errorf("a chunk of %d of 30 equal sequences", len(chunk))
		}
	}
}

func TestRequestsThatWaitShareAPass(t *testing.T) {
	m := model(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(m.network)
		b.running = true // a pass is under way
		jobs := []*job{newJob(sequencesOf(m, 5)), newJob(sequencesOf(m, 9, 3)), newJob(sequencesOf(m, 7))}
		for _, j := range jobs {
			go b.run(j)
		}
		synctest.Wait()
		b.release(nil, nil) // it is over
		synctest.Wait()
		if b.running || len(b.waiting) > 0 || len(b.sequences) != 4 || b.sequences[0] != nil {
			t.Errorf("the last pass had %d sequences of 4, %d jobs wait", len(b.sequences), len(b.waiting))
		}
		want := newJob(sequencesOf(m, 9))
		b.run(want)
		for _, j := range jobs {
			for _, s := range j.sequences {
				if len(s.tokens) == 9 && !cmp.Equal(s.logits, want.sequences[0].logits) {
					t.Error("shared and alone, a sequence has different logits")
				}
			}
		}
	})
}

func TestAPassThatPanicsLeavesNobodyWaiting(t *testing.T) {
	m := model(t)
	b := newBatcher(m.network)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a sequence without modulation did not panic")
			}
		}()
		b.run(newJob([]*sequence{{tokens: make([]uint8, 5)}}))
	}()
	done := make(chan struct{})
	go func() {
		b.run(newJob(sequencesOf(m, 5)))
		close(done)
	}()
	<-done
}

func TestLargeRequestsTakeTurns(t *testing.T) {
	m := model(t)
	b := newBatcher(m.network)
	lengths := make([]int, passRows/48+1)
	for i := range lengths {
		lengths[i] = 48
	}
	large, small := newJob(sequencesOf(m, lengths...)), newJob(sequencesOf(m, 4))
	b.waiting = []*job{large, small}
	// the batcher uses the slice again: look before the next
	if batch := b.next(); len(batch) != 1 || batch[0] != large {
		t.Errorf("the first pass has %d jobs", len(batch))
	}
	if batch := b.next(); len(batch) != 1 || batch[0] != small {
		t.Errorf("the second pass has %d jobs", len(batch))
	}
}

func TestTheNetworkAllocatesNothing(t *testing.T) {
	m := model(t)
	sequences := sequencesOf(m, 24, 48, 7, 31, 16)
	w := newWorkspace(m.network)
	if n := testing.AllocsPerRun(5, func() { m.network.forward(w, sequences) }); n != 0 {
		t.Errorf("%g allocations a pass", n)
	}
}

func TestChoosingTokensAllocatesNothing(t *testing.T) {
	m := model(t)
	draft, err := m.Blank(48)
	if err != nil {
		t.Fatal(err)
	}
	settings := DefaultSettings()
	settings.Confident = 2
	s := m.newSampling([]Task{{draft, new(Condition)}}, settings)
	d := s.decoders[0]
	if n := testing.AllocsPerRun(20, func() { d.unmask(&settings, 1) }); n != 0 {
		t.Errorf("%g allocations a token", n)
	}
}
