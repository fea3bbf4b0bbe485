package handover

import (
	"net"
	"sync"
)

// Sockets are listening sockets that several servers share, one after the
// other. The kernel resets connections that wait for a socket that is closed,
// although another one listens on the same address. So the socket stays open
// until the last of its listeners is closed.
type Sockets struct {
	mu   sync.Mutex
	open map[string]*socket
}

// Listen returns a listener on the address's socket, which is made if there is
// none.
func (s *Sockets) Listen(address string, listen func() (net.Listener, error)) (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shared, ok := s.open[address]
	if !ok {
		inner, err := listen()
		if err != nil {
			return nil, err
		}
		shared = &socket{Listener: inner, ready: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{})}
		if s.open == nil {
			s.open = map[string]*socket{}
		}
		s.open[address] = shared
		go shared.acceptAll()
	}
	shared.users++
	l := &share{socket: shared, closed: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		return s.release(address, shared)
	})
	return l, nil
}

func (s *Sockets) release(address string, shared *socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shared.users--; shared.users > 0 {
		return nil
	}
	delete(s.open, address)
	close(shared.closed)
	return shared.Listener.Close()
}

// socket is a listening socket with its listeners.
type socket struct {
	net.Listener
	users  int
	ready  chan net.Conn
	failed chan error
	closed chan struct{}
}

func (s *socket) acceptAll() {
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			select {
			case s.failed <- err:
				continue
			case <-s.closed:
				return
			}
		}
		select {
		case s.ready <- c:
		case <-s.closed:
			_ = c.Close() // It would have been reset a moment later.
			return
		}
	}
}

// share is a listener of a socket.
type share struct {
	*socket
	closed chan struct{}
	close  func() error
}

// Accept returns the next connection of the socket.
func (s *share) Accept() (net.Conn, error) {
	select {
	case <-s.closed:
		return nil, net.ErrClosed // though a connection may wait for another
	default:
	}
	select {
	case c := <-s.ready:
		return c, nil
	case err := <-s.failed:
		return nil, err
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close closes this listener, and with the last one the socket.
func (s *share) Close() error { return s.close() }
