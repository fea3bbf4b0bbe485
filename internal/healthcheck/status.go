package healthcheck

import "fmt"

// Status is the health of a checked thing. Of OK, Degraded and Failed, the
// greater is the worse.
type Status uint8

const (
	// OK means that it works as it should.
	OK Status = iota
	// Degraded means that it works, but needs attention.
	Degraded
	// Failed means that it does not work.
	Failed
	// Unknown means that it was never checked, or too long ago. No check
	// returns it.
	Unknown
)

var statusNames = [...]string{OK: "ok", Degraded: "degraded", Failed: "failed", Unknown: "unknown"}

// String returns "ok", "degraded", "failed" or "unknown".
func (s Status) String() string {
	if int(s) >= len(statusNames) {
		return fmt.Sprintf("Status(%d)", uint8(s))
	}
	return statusNames[s]
}

// MarshalText renders the status as its name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
