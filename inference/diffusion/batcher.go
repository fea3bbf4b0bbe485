package diffusion

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// batcher lets concurrent requests share passes through the network. While a
// pass runs, jobs gather for the next batch: an idle model answers at once, a
// busy one in full batches, without timers. The first request of a batch is its
// leader and runs the pass; the others are its followers and wait. So no
// goroutine outlives its request.
type batcher struct {
	network *network
	workers int
	// The fields below belong to the current pass and are reused by the next.
	batch     []*job
	spaces    []*workspace // one a worker
	sequences []*sequence
	chunks    [][]*sequence

	mu      sync.Mutex
	running bool
	waiting []*job
}

// job is one request's part of a pass.
type job struct {
	sequences []*sequence
	// lead hears true when the job's request is to lead the next batch, and
	// false when a leader has done the job.
	lead chan bool
}

// passRows bounds the tokens of one pass, and so how long a request waits for
// those that came before it. A single request may be larger.
const passRows = 4096

func newBatcher(n *network) *batcher {
	return &batcher{network: n, workers: runtime.GOMAXPROCS(0)}
}

// newJob makes a job that can be run many times.
func newJob(sequences []*sequence) *job {
	return &job{sequences: sequences, lead: make(chan bool, 1)}
}

// run computes the logits of a job's sequences.
func (b *batcher) run(j *job) {
	b.mu.Lock()
	b.waiting = append(b.waiting, j)
	if b.running {
		b.mu.Unlock()
		if leads := <-j.lead; !leads {
			return
		}
		b.mu.Lock()
	}
	b.running = true
	batch := b.next()
	b.mu.Unlock()
	// A panic in a pass is a bug. It must not leave the followers waiting for
	// ever, so they are released whatever happens.
	defer b.release(batch, j)
	b.pass(batch)
}

// release tells the followers of a batch that it is done, and makes the longest
// waiting request, if there is one, the next leader.
func (b *batcher) release(batch []*job, leader *job) {
	for _, follower := range batch {
		if follower != leader {
			follower.lead <- false
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.running = false
		return
	}
	b.waiting[0].lead <- true
}

// next returns the jobs of the next batch, the longest waiting first. The
// caller holds mu.
func (b *batcher) next() []*job {
	rows, count := 0, 0
	for _, j := range b.waiting {
		for _, s := range j.sequences {
			rows += len(s.tokens)
		}
		if count > 0 && rows > passRows {
			break
		}
		count++
	}
	b.batch = append(b.batch[:0], b.waiting[:count]...)
	b.waiting = slices.Delete(b.waiting, 0, count)
	return b.batch
}

// pass runs the jobs' sequences through the network on all workers.
func (b *batcher) pass(batch []*job) {
	b.sequences = b.sequences[:0]
	for _, j := range batch {
		b.sequences = append(b.sequences, j.sequences...)
	}
	chunks := split(b.chunks[:0], b.sequences, b.workers)
	b.chunks = chunks
	workers := min(b.workers, len(chunks))
	for len(b.spaces) < workers {
		b.spaces = append(b.spaces, newWorkspace(b.network))
	}
	var next atomic.Int64
	work := func(w *workspace) {
		for i := next.Add(1) - 1; int(i) < len(chunks); i = next.Add(1) - 1 {
			b.network.forward(w, chunks[i])
		}
	}
	var group sync.WaitGroup
	for _, w := range b.spaces[1:max(workers, 1)] {
		group.Go(func() { work(w) })
	}
	if workers > 0 {
		work(b.spaces[0])
	}
	group.Wait()
	// The buffers outlive the pass. They must not keep its requests alive.
	clear(b.sequences)
	clear(b.chunks)
}

// split appends chunks of the sequences that fit into a workspace and keep all
// workers equally busy.
func split(chunks [][]*sequence, sequences []*sequence, workers int) [][]*sequence {
	rows := 0
	for _, s := range sequences {
		rows += len(s.tokens)
	}
	// There are as many rounds as needed, with one chunk a worker in each.
	wanted := max(1, workers*((rows+workers*workspaceRows-1)/(workers*workspaceRows)))
	first, size, done := 0, 0, 0
	for i, s := range sequences {
		// what the chunk would end with, to the nearest sequence
		share := done + len(s.tokens)/2
		full := share*wanted > rows*(len(chunks)+1) || size+len(s.tokens) > workspaceRows || i-first == workspaceSequences
		if i > first && full {
			chunks = append(chunks, sequences[first:i])
			first, size = i, 0
		}
		size += len(s.tokens)
		done += len(s.tokens)
	}
	if first < len(sequences) {
		chunks = append(chunks, sequences[first:])
	}
	return chunks
}
