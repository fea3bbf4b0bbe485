package upstream

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"golang.org/x/net/http/httpguts"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/problem"
)

// errUnsent marks the failure of an attempt that never reached the upstream,
// for a reason on this side. It says nothing about the upstream.
var errUnsent = errors.New("not sent")

// unsent returns the error of an attempt that ended before its request was
// sent; if the reason is on this side, it wraps errUnsent. A request that
// cannot be sent is refused: otherwise a client with five of them could shut
// out the upstream for everyone.
func (j *journey) unsent(req *http.Request, err error) error {
	if cause := impossible(req); cause != nil {
		refusal := problem.Unsendable.New("A header field, the path or the query would hold a character that is not allowed there.").
			Because(fmt.Errorf("%w: %w", errUnsent, cause))
		return gate.RefuseToSend(req, refusal)
	}
	if j.connected.Load() && !ofTheConnection(err) {
		// Such as a header that is longer than an HTTP/2 upstream takes.
		return fmt.Errorf("%w: %w", errUnsent, err)
	}
	return err
}

// impossible returns why Go's client cannot send the request, if it is for one
// of the things that a client can bring about, by a placeholder in header_up,
// method or rewrite.
func impossible(req *http.Request) error {
	// a method is a token, too
	if req.Method != "" && !httpguts.ValidHeaderFieldName(req.Method) {
		return errors.New("the method is not a token")
	}
	if err := impossibleFields(req.Header); err != nil {
		return err
	}
	if err := impossibleFields(req.Trailer); err != nil {
		return fmt.Errorf("trailer: %w", err)
	}
	host, err := httpguts.PunycodeHostPort(req.Host)
	if err != nil || !httpguts.ValidHostHeader(host) {
		return errors.New("the host is not valid")
	}
	if strings.ContainsFunc(req.URL.RequestURI(), func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return errors.New("the URL holds a control character")
	}
	return nil
}

// impossibleFields does not quote values: what is logged must hold no
// credential.
func impossibleFields(fields http.Header) error {
	for name, values := range fields {
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("%q is not the name of a header field", name)
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return fmt.Errorf("the value of the header field %s holds a character that is not allowed", name)
			}
		}
	}
	return nil
}

// ofTheConnection reports whether an error came about on the wire.
func ofTheConnection(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, system := errors.AsType[syscall.Errno](err)
	return network || system || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
