// Package odordiff holds what is shipped inside the binary: the Caddyfile and
// the policies that `odordiff up` starts with.
package odordiff

import "embed"

// Caddyfile is the shipped gateway configuration.
//
//go:embed Caddyfile
var Caddyfile []byte

// Policies is the shipped policy, below "policies", and what other profiles
// have in its place, below "profiles".
//
//go:embed policies profiles
var Policies embed.FS
