// Package caddymodule is the one import that adds OdorDiff-2's gateway to a
// Caddy build: it registers every gate module.
package caddymodule

import (
	// gate_auth and its providers
	_ "github.com/odordiff/odordiff/caddymodule/auth"
	// gate_capacity, and gate_connections of listeners
	_ "github.com/odordiff/odordiff/caddymodule/capacity"
	// config adapters for YAML, TOML and JSON with comments
	_ "github.com/odordiff/odordiff/caddymodule/configformat"
	// gate_fallback
	_ "github.com/odordiff/odordiff/caddymodule/fallback"
	// the app gate
	_ "github.com/odordiff/odordiff/caddymodule/gate"
	// gate_handover of listeners
	_ "github.com/odordiff/odordiff/caddymodule/handover"
	// gate_headers
	_ "github.com/odordiff/odordiff/caddymodule/headers"
	// gate_health
	_ "github.com/odordiff/odordiff/caddymodule/health"
	// gate_limit
	_ "github.com/odordiff/odordiff/caddymodule/limit"
	// log format gate
	_ "github.com/odordiff/odordiff/caddymodule/logformat"
	// gate_policy
	_ "github.com/odordiff/odordiff/caddymodule/policy"
	// gate_problem
	_ "github.com/odordiff/odordiff/caddymodule/problem"
	// lb_policy gate_breaker and transport gate
	_ "github.com/odordiff/odordiff/caddymodule/upstream"
)
