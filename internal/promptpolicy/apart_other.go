//go:build !unix

package promptpolicy

// limitTrial does nothing where the system has no such limits.
func limitTrial() {}
