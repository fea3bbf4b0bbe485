// Package policy has the handler gate_policy, which accepts only strict JSON
// and strict forms, compares them with the route's schema, and lets Rego decide
// about their prompts.
package policy

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

func init() {
	// This process may be one that only tries a policy. It must not become a
	// second gateway.
	promptpolicy.ServeTrial()
	caddy.RegisterModule(Handler{})
}

// Handler judges requests before they go on: it checks their JSON (400, 413,
// 415), the route's schema (422), and the policy (403). If the policy gives no
// answer, the request does not pass (503).
//
// The directory is watched. An edit goes live within two seconds, if it
// compiles and passes its own tests; otherwise the last good version stays in
// force, over reloads of the configuration too, and the log and the health
// check "policy" say what is wrong.
type Handler struct {
	// The policy directory: rules (*.rego) and their tests (*_test.rego), data
	// (data.json, data.yaml), and JSON Schemas under schemas/. Placeholders are
	// expanded when the configuration loads. Required.
	Dir string `json:"dir,omitempty"`

	// The schemas of routes; the first whose route matches is used. A route
	// without one accepts any JSON.
	Schemas []RouteSchema `json:"schemas,omitempty"`

	// Where the prompts are in a body: JSON Pointers, in which the token * stands
	// for every item or member, such as /prompt or /messages/*/content. In names,
	// case, hyphens and underscores do not matter. If a pointer leads to an array
	// or object, every string inside is a prompt; numbers in place of a text are
	// refused. Default: every string of the body. That is also used for a body in
	// which no pointer leads to anything.
	Prompts []string `json:"prompts,omitempty"`

	// Where files may be in a body, which are no texts: JSON Pointers like those
	// of prompts. They lead to all that is below, too. A file is base64 or a data
	// URL of an image, a sound, a film, a PDF or a ZIP, as its first bytes say.
	// Whatever else is there is a prompt, if a prompt's pointer leads to it.
	// Default: none.
	Files []string `json:"files,omitempty"`

	// Which items the service reads each by itself, such as the prompts of a
	// batch: JSON Pointers like those of prompts, such as /prompts/*. Each item,
	// with all that is below, is judged together with what is in none. The first
	// that is refused ends it, and the problem names it as "item". Without this
	// all texts of a body are also judged as one, since a model may read them so.
	// Default: none.
	Apart []string `json:"apart,omitempty"`

	// How many bytes a body may have. Default: 1 MiB. A smaller limit of
	// request_body applies too.
	MaxBody *int64 `json:"max_body,omitempty"`

	// How many bytes a form (multipart/form-data) may have, as uploads of files
	// do. Its fields are judged like the members of an object, and together have
	// up to max_body. Files are left alone, unless a pointer of prompts leads to
	// their field: then a text is a prompt. The form is kept in memory until it is
	// sent on. A smaller limit of request_body applies too. Default: forms are
	// refused (415).
	Multipart *int64 `json:"multipart,omitempty"`

	// The directory that keeps the last good version of the policy. If the policy
	// directory is refused at a start, the gateway starts with that version, and
	// the log, the health check and the metrics say so. "off" keeps none: then
	// the gateway does not start. Placeholders are expanded. Default:
	// last-good-policies in the directory that ODORDIFF_STATE names; none without
	// it.
	LastGood string `json:"last_good,omitempty"`

	// How long one decision may take, up to 5 s. Default: 250 ms.
	Timeout *caddy.Duration `json:"timeout,omitempty"`

	// How many tests a version must have to go live, up to 100,000. Default: none.
	// An edit that deletes others still goes live, and the log names them.
	MinTests *int `json:"min_tests,omitempty"`

	// Whether each deny rule must refuse something in a test, or the version does
	// not go live.
	Covered bool `json:"covered,omitempty"`

	paths    []promptpolicy.PromptPath
	files    []promptpolicy.PromptPath
	apart    []promptpolicy.PromptPath
	entrance gate.Entrance
	engine   *promptpolicy.Engine
	cleanups []func() error
	logger   *zap.Logger
}

// RouteSchema says which bodies a route accepts.
type RouteSchema struct {
	// The path of the requests, as in Caddy's path matcher: * stands for anything.
	// Required.
	Route string `json:"route,omitempty"`

	// The file in the policy directory, such as schemas/generate.json. Required.
	Schema string `json:"schema,omitempty"`

	matcher caddyhttp.MatchPath
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_policy",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision loads the policy, or takes over the one in force.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	if err := h.configure(ctx); err != nil {
		return err
	}
	if err := registerMetrics(ctx); err != nil {
		return err
	}
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(h.Dir)
	if err != nil {
		return fmt.Errorf("dir: %w", err)
	}
	if err := h.acquire(ctx, dir); err != nil {
		return err
	}
	if err := h.require(); err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx)
	remove := app.Health().Register(healthCheck(h.engine))
	h.cleanups = append(h.cleanups, func() error { remove(); return nil })
	return nil
}

func (h *Handler) configure(ctx caddy.Context) error {
	if err := h.Options().Provision(); err != nil {
		return err
	}
	var err error
	if h.paths, err = parsePaths(h.Prompts); err != nil {
		return err
	}
	if h.files, err = parsePaths(h.Files); err != nil {
		return err
	}
	if h.apart, err = parsePaths(h.Apart); err != nil {
		return err
	}
	if len(h.paths) == 0 {
		// Without prompts in the config, every text is judged.
		h.paths = []promptpolicy.PromptPath{promptpolicy.WholeBody}
	}
	for i := range h.Schemas {
		schema := &h.Schemas[i]
		schema.matcher = caddyhttp.MatchPath{schema.Route}
		if err := schema.matcher.Provision(ctx); err != nil {
			return err
		}
	}
	return nil
}

func parsePaths(pointers []string) ([]promptpolicy.PromptPath, error) {
	var paths []promptpolicy.PromptPath
	for _, pointer := range pointers {
		path, err := promptpolicy.ParsePromptPath(pointer)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func (h *Handler) conditions() promptpolicy.Conditions {
	c := promptpolicy.Conditions{Timeout: time.Duration(*h.Timeout), Covered: h.Covered}
	if h.MinTests != nil {
		c.MinTests = *h.MinTests
	}
	return c
}

// require makes later versions of the policy keep the schemas that this config
// needs, decide within its timeout, and have the tests that it requires.
func (h *Handler) require() error {
	names := make([]string, len(h.Schemas))
	for i, schema := range h.Schemas {
		names[i] = schema.Schema
	}
	release, err := h.engine.Require(h.conditions(), names...)
	if err != nil {
		return fmt.Errorf("the policy in force: %w", err)
	}
	h.cleanups = append(h.cleanups, func() error { release(); return nil })
	return nil
}

// Cleanup releases the policy. If no other config uses it, it is no longer
// watched.
func (h *Handler) Cleanup() error {
	var errs []error
	for _, cleanup := range slices.Backward(h.cleanups) {
		errs = append(errs, cleanup())
	}
	h.cleanups = nil
	return errors.Join(errs...)
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve passes the request on if nothing is wrong with it.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	decision, refusal := h.judge(r)
	if refusal != nil {
		decisions.WithLabelValues(refusal.result).Inc()
	} else {
		allowed.Inc()
	}
	if decision != nil {
		carryOut(r, x, decision)
	}
	if refusal != nil {
		return gate.Refuse(w, r, refusal.problem)
	}
	return next.ServeHTTP(w, r)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
)
