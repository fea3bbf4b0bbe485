package job

import "sync"

// hands knows which items this process works on, and at which attempt.
type hands struct {
	mutex    sync.Mutex
	attempts map[int64]int // by the item's number
}

func (h *hands) take(items []Item) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, item := range items {
		h.attempts[item.number] = item.Attempt
	}
}

func (h *hands) have(number int64, attempt int) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.attempts[number] == attempt
}

func (h *hands) drop(items ...Item) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, item := range items {
		if h.attempts[item.number] == item.Attempt { // a later one stays
			delete(h.attempts, item.number)
		}
	}
}
