// Package e2e tests the built binary from outside: real processes, real TLS, a
// real Redis, real files edited on disk.
package e2e
