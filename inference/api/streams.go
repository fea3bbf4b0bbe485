package api

import "sync"

// mostStreams is how many streams of results a principal may have open: each
// one keeps a connection, here and in a gateway before this server.
const mostStreams = 32

// streams counts the open streams of each principal.
type streams struct {
	mutex sync.Mutex
	open  map[string]int
}

// enter counts one in. After a nil error, leave must be called.
func (s *streams) enter(principal string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open[principal] >= mostStreams {
		return tooMuch("you have as many streams of results open as you may; end one, or ask for a page", "open-streams").RetryAfter(retryShare)
	}
	s.open[principal]++
	return nil
}

func (s *streams) leave(principal string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open[principal]--; s.open[principal] == 0 {
		delete(s.open, principal)
	}
}
