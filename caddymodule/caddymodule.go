// Package caddymodule is the one import that adds OdorDiff-2's gateway to a
// Caddy build: it registers every gate module.
package caddymodule

import (
	_ "github.com/odordiff/odordiff/caddymodule/auth"      // gate_auth and its providers
	_ "github.com/odordiff/odordiff/caddymodule/capacity"  // gate_capacity, and gate_connections of listeners
	_ "github.com/odordiff/odordiff/caddymodule/fallback"  // gate_fallback
	_ "github.com/odordiff/odordiff/caddymodule/gate"      // the app gate
	_ "github.com/odordiff/odordiff/caddymodule/health"    // gate_health
	_ "github.com/odordiff/odordiff/caddymodule/limit"     // gate_limit
	_ "github.com/odordiff/odordiff/caddymodule/logformat" // log format gate
	_ "github.com/odordiff/odordiff/caddymodule/policy"    // gate_policy
	_ "github.com/odordiff/odordiff/caddymodule/problem"   // gate_problem
	_ "github.com/odordiff/odordiff/caddymodule/upstream"  // lb_policy gate_breaker and transport gate
)
