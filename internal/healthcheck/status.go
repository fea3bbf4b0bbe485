package healthcheck

import "fmt"

// Status is how well a checked thing does. Of OK, Degraded and Failed, a greater
// one is a worse one.
type Status uint8

const (
	// OK is as it should be.
	OK Status = iota
	// Degraded still works, but somebody should look.
	Degraded
	// Failed does not work.
	Failed
	// Unknown was not looked at yet, or too long ago. No check finds it.
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
