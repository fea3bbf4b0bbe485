package edgetest

import (
	"testing"

	"go.uber.org/goleak"
)

// VerifyTestMain runs the tests, and fails if a goroutine is left. Caddy's
// clean-up of its storage may leave one for some seconds, which keeps a lock.
func VerifyTestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}
