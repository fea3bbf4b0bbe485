package job

import "sync"

// hands knows which items this process works on, and at which attempt.
type hands struct {
	mutex sync.Mutex
	items map[int64]inHand // by the item's number
}

// inHand is an item that this process works on.
type inHand struct {
	attempt int
	job     string
	gone    chan struct{} // closed when its job was cancelled
}

// take adds items, and gives each the channel that tells of its end.
func (h *hands) take(items []Item) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for i, item := range items {
		gone := make(chan struct{})
		h.items[item.number] = inHand{item.Attempt, item.Job, gone}
		items[i].gone = gone
	}
}

func (h *hands) have(number int64, attempt int) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.items[number].attempt == attempt
}

func (h *hands) drop(items ...Item) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, item := range items {
		if h.items[item.number].attempt == item.Attempt { // a later one stays
			delete(h.items, item.number)
		}
	}
}

// revoke drops the items of a job that was cancelled, and tells whoever works
// on them.
func (h *hands) revoke(job string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for number, item := range h.items {
		if item.job == job {
			close(item.gone)
			delete(h.items, number)
		}
	}
}
