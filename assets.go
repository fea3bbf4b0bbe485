// Package odordiff holds what is shipped inside the binary: the Caddyfile and
// the policies that `odordiff up` starts with.
package odordiff

import "embed"

// Caddyfile is the shipped gateway configuration.
//
//go:embed Caddyfile
var Caddyfile []byte

// Policies is the shipped policy directory, below "policies".
//
//go:embed policies
var Policies embed.FS
