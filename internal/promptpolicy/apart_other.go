//go:build !unix

package promptpolicy

import "time"

// limitTime does nothing where the system has no such limits.
func limitTime(time.Duration) {}
