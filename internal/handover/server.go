package handover

import (
	"net"
	"net/http"
)

// Handler returns a handler for http.Server.Handler. It notes that a request
// was begun, which must not reach another server any more.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr, ok := r.Context().Value(http.LocalAddrContextKey).(localAddr); ok {
			addr.conn.begin(bodyOf(r))
			defer addr.conn.returned()
		}
		next.ServeHTTP(w, r)
	})
}

// bodyOf returns the length of a body, or -1 where it is not known where the
// request ends.
func bodyOf(r *http.Request) int64 {
	if r.ProtoMajor != 1 {
		return -1
	}
	return r.ContentLength
}

// ConnState is for http.Server.ConnState. It notes what the server does with a
// connection after a request.
func ConnState(c net.Conn, state http.ConnState) {
	addr, ok := c.LocalAddr().(localAddr)
	if !ok {
		return
	}
	switch state {
	case http.StateIdle:
		addr.conn.answered()
	case http.StateHijacked:
		addr.conn.hijacked()
	case http.StateClosed:
		addr.conn.ended()
	case http.StateNew, http.StateActive:
	}
}
