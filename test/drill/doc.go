// Package drill shows that nothing acknowledged is lost: it kills the service
// at random moments, and takes its disk away, while clients hand in jobs, give
// feedback and are refused.
package drill
