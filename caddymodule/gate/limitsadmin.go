package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/override"
	"github.com/odordiff/odordiff/internal/window"
)

func init() { caddy.RegisterModule(limitsAdmin{}) }

// limitsAdmin are the routes of the admin API that show and change limits of
// the running config. What names a key is in the body of a request: Caddy logs
// its URI.
type limitsAdmin struct{}

// CaddyModule returns the Caddy module information.
func (limitsAdmin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.gate_limits",
		New: func() caddy.Module { return new(limitsAdmin) },
	}
}

// Routes implements [caddy.AdminRouter].
func (limitsAdmin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "/gate/limits", Handler: limitsRoute(http.MethodGet, (*App).listLimits)},
		{Pattern: "/gate/limits/get", Handler: limitsRoute(http.MethodPost, (*App).getLimit)},
		{Pattern: "/gate/limits/set", Handler: limitsRoute(http.MethodPost, (*App).setLimit)},
		{Pattern: "/gate/limits/remove", Handler: limitsRoute(http.MethodPost, (*App).removeLimit)},
		{Pattern: "/gate/limits/reset", Handler: limitsRoute(http.MethodPost, (*App).resetLimit)},
	}
}

// maxAdminBody is how many bytes a request has at most.
const maxAdminBody = 16 << 10

// limitsRoute returns the handler of a route. It reads the request's body, and
// writes the answer as JSON.
func limitsRoute[Request, Answer any](method string, serve func(*App, *http.Request, Request) (Answer, error)) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != method {
			w.Header().Set("Allow", method)
			return apiError(http.StatusMethodNotAllowed, "method %s: use %s", r.Method, method)
		}
		var request Request
		if method != http.MethodGet {
			decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&request); err != nil {
				return badRequest("the body is no JSON of this route: %w", err)
			}
		}
		a := controlled.Load()
		if a == nil {
			return apiError(http.StatusNotFound, "the running configuration has no gate module")
		}
		answer, err := serve(a, r, request)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(answer)
	})
}

// LimitList is what the admin API tells of all limits.
type LimitList struct {
	Limits    []ListedLimit    `json:"limits"`
	Overrides []ListedOverride `json:"overrides"`
	// Refused are the keys that this gateway has refused lately, those most often
	// refused first.
	Refused []RefusedKey `json:"refused"`
}

// ListedLimit is a limit of the config.
type ListedLimit struct {
	Name      string `json:"name"`
	Key       string `json:"key"`
	Rate      string `json:"rate"`
	Algorithm string `json:"algorithm"`
	OnError   string `json:"on_error"`
	Shadow    bool   `json:"shadow"`
}

// ListedOverride is an override.
type ListedOverride struct {
	Limit  string `json:"limit"`
	Window string `json:"window"`
	// Hash is of the key; empty where the override is for all keys.
	Hash string `json:"hash,omitempty"`
	// Allows says what is allowed: "600/1m", "unlimited" or "blocked".
	Allows string    `json:"allows"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"`
}

// RefusedKey is a key that was refused lately.
type RefusedKey struct {
	Limit  string `json:"limit"`
	Window string `json:"window"`
	Hash   string `json:"hash"`
	// Refused is how often, or more; it is no less than AtLeast.
	Refused int64 `json:"refused"`
	AtLeast int64 `json:"at_least"`
	// Since is from when on refusals are counted, and Last when the last was.
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
}

// mostRefused is how many keys are told of each limit.
const mostRefused = 10

func (a *App) listLimits(_ *http.Request, _ struct{}) (LimitList, error) {
	list := LimitList{Limits: []ListedLimit{}, Overrides: []ListedOverride{}, Refused: []RefusedKey{}}
	told := make(map[override.Target]bool)
	for _, l := range a.declared.all() {
		list.Limits = append(list.Limits, ListedLimit{l.Limit.Name, l.Key, l.Rate, l.Algorithm, l.OnError, l.Limit.Shadow})
		target := override.Target{Limit: l.Limit.Name, Window: l.Limit.Window}
		if told[target] {
			continue // another gate_limit has the same
		}
		told[target] = true
		list.Refused = append(list.Refused, a.refusedBy(target)...)
	}
	for _, o := range a.liveLimits().Overrides().All() {
		list.Overrides = append(list.Overrides, *listed(o, true))
	}
	return list, nil
}

func (a *App) refusedBy(limit override.Target) []RefusedKey {
	top, since := a.liveLimits().Refused(limit, mostRefused)
	keys := make([]RefusedKey, len(top))
	for i, e := range top {
		keys[i] = RefusedKey{limit.Limit, override.Span(limit.Window), e.Key.String(), e.Count, e.Count - e.Over, since, e.Last}
	}
	return keys
}

// listed returns an override as it is listed, nil for none.
func listed(o override.Override, ok bool) *ListedOverride {
	if !ok {
		return nil
	}
	l := &ListedOverride{
		Limit: o.Limit, Window: override.Span(o.Window), Allows: o.Describe(),
		Since: o.Since, Until: o.Until, Reason: o.Reason, By: o.By,
	}
	if o.Key != (window.ID{}) {
		l.Hash = o.Key.String()
	}
	return l
}

// LimitState is what the admin API tells of the window of one key.
type LimitState struct {
	Limit  string `json:"limit"`
	Window string `json:"window"`
	Hash   string `json:"hash"`
	// Rate is what is in force, Used what counts against it, and Remaining what is
	// left. ResetSeconds is how long until the first of what is used counts no
	// more.
	Rate         int64   `json:"rate"`
	Used         int64   `json:"used"`
	Remaining    int64   `json:"remaining"`
	ResetSeconds float64 `json:"reset_seconds"`
	// Override is the one that applies to the key.
	Override *ListedOverride `json:"override,omitempty"`
	// Degraded says that Redis is gone, so that the figures are of this gateway.
	Degraded bool `json:"degraded,omitempty"`
}

func (a *App) getLimit(r *http.Request, choice limitChoice) (LimitState, error) {
	l, err := choice.find(a.declared.all())
	if err != nil {
		return LimitState{}, err
	}
	charge, err := choice.charge(l)
	if err != nil {
		return LimitState{}, err
	}
	live := a.liveLimits()
	state, used, err := live.Peek(r.Context(), charge)
	if err != nil {
		return LimitState{}, unavailable(err)
	}
	id := window.IDOf(charge)
	told := LimitState{
		Limit: l.Limit.Name, Window: override.Span(l.Limit.Window), Hash: id.String(), Rate: state.Limit.Rate,
		Used: used, Remaining: state.Remaining, ResetSeconds: state.Reset.Seconds(), Degraded: state.Degraded,
	}
	target := override.Target{Limit: l.Limit.Name, Window: l.Limit.Window, Key: id}
	if o, ok := live.Overrides().For(target); ok {
		told.Override = listed(o, ok)
		if o.Rate == 0 && !o.Unlimited {
			told.Rate, told.Remaining = 0, 0
		}
	}
	return told, nil
}

// unavailable is the answer where the store cannot be asked.
func unavailable(err error) error { return apiError(http.StatusServiceUnavailable, "%w", err) }

// LimitChange is what the admin API tells of a change: the override before and
// after it.
type LimitChange struct {
	Limit  string          `json:"limit"`
	Hash   string          `json:"hash,omitempty"`
	Before *ListedOverride `json:"before,omitempty"`
	After  *ListedOverride `json:"after,omitempty"`
}

// limitSetting is a request for an override.
type limitSetting struct {
	limitChoice

	// One of the three is needed.
	Rate      *int64 `json:"rate,omitempty"`
	Unlimited bool   `json:"unlimited,omitempty"`
	Blocked   bool   `json:"blocked,omitempty"`
	// For is how long the override is in force, such as 2h.
	For    string `json:"for"`
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
}

// override returns the override that is asked for.
func (s limitSetting) override(target override.Target) (override.Override, error) {
	o := override.Override{Target: target, Unlimited: s.Unlimited, Reason: s.Reason, By: s.By}
	lifetime, err := caddy.ParseDuration(s.For)
	if err != nil {
		return o, badRequest("for: %q is no duration: write one such as 2h", s.For)
	}
	o.Until = time.Now().Add(lifetime)
	switch {
	case s.Rate == nil && !s.Unlimited && !s.Blocked:
		return o, badRequest("rate: missing: give a rate, or unlimited or blocked")
	case s.Unlimited && s.Blocked, s.Rate != nil && (s.Unlimited || s.Blocked):
		return o, badRequest("rate: give one of rate, unlimited and blocked")
	case s.Rate != nil && *s.Rate < 1:
		return o, badRequest("rate: %d is less than 1: blocked refuses everything", *s.Rate)
	case s.Rate != nil:
		o.Rate = *s.Rate
	}
	return o, nil
}

func (a *App) setLimit(r *http.Request, setting limitSetting) (LimitChange, error) {
	l, err := setting.find(a.declared.all())
	if err != nil {
		return LimitChange{}, err
	}
	target, err := setting.target(l)
	if err != nil {
		return LimitChange{}, err
	}
	next, err := setting.override(target)
	if err == nil {
		err = sensible(next.Validate(time.Now()))
	}
	if err == nil && next.Rate > 0 && next.Changed(l.Limit).Rate != next.Rate {
		err = badRequest("rate: %d is more than the algorithm of %q can count", next.Rate, l.Limit.Name)
	}
	if err != nil {
		return LimitChange{}, err
	}
	overrides := a.liveLimits().Overrides()
	before, had := overrides.At(target)
	change := limitEvent{
		name: "admin.limit_set", target: target, from: allows(l, before, had), to: next.Describe(),
		until: next.Until, reason: next.Reason, by: next.By,
	}
	err = a.recordLimit(r, change, func() error {
		_, _, err := overrides.Set(r.Context(), next)
		return err
	})
	if err != nil {
		return LimitChange{}, sensible(err)
	}
	after, ok := overrides.At(target)
	return LimitChange{l.Limit.Name, hashOf(target), listed(before, had), listed(after, ok)}, nil
}

// sensible returns an error as the admin API answers it.
func sensible(err error) error {
	switch _, answered := errors.AsType[caddy.APIError](err); {
	case err == nil || answered:
		return err
	case errors.Is(err, override.ErrInvalid), errors.Is(err, override.ErrTooMany):
		return badRequest("%w", err)
	}
	return unavailable(err)
}

// limitRemoval is a request to end an override, or to forget what was used.
type limitRemoval struct {
	limitChoice

	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
}

func (a *App) removeLimit(r *http.Request, removal limitRemoval) (LimitChange, error) {
	l, err := removal.find(a.declared.all())
	if err != nil {
		return LimitChange{}, err
	}
	target, err := removal.target(l)
	if err != nil {
		return LimitChange{}, err
	}
	overrides := a.liveLimits().Overrides()
	before, had := overrides.At(target)
	if !had {
		return LimitChange{}, apiError(http.StatusNotFound, "limit: %q has no such override: the list tells those in force", l.Limit.Name)
	}
	change := limitEvent{
		name: "admin.limit_removed", target: target, from: before.Describe(), to: l.Rate,
		reason: removal.Reason, by: removal.By,
	}
	err = a.recordLimit(r, change, func() error {
		_, _, err := overrides.Remove(r.Context(), target)
		return err
	})
	return LimitChange{Limit: l.Limit.Name, Hash: hashOf(target), Before: listed(before, had)}, sensible(err)
}

// LimitReset is what the admin API tells of a window that was forgotten.
type LimitReset struct {
	Limit string `json:"limit"`
	Hash  string `json:"hash"`
	// Used is what counted before.
	Used int64 `json:"used"`
}

func (a *App) resetLimit(r *http.Request, removal limitRemoval) (LimitReset, error) {
	l, err := removal.find(a.declared.all())
	if err != nil {
		return LimitReset{}, err
	}
	charge, err := removal.charge(l)
	if err != nil {
		return LimitReset{}, err
	}
	live := a.liveLimits()
	_, used, err := live.Peek(r.Context(), charge)
	if err != nil {
		return LimitReset{}, unavailable(err)
	}
	target := override.Target{Limit: l.Limit.Name, Window: l.Limit.Window, Key: window.IDOf(charge)}
	change := limitEvent{
		name: "admin.limit_reset", target: target, from: fmt.Sprintf("%d used", used), to: "0 used",
		reason: removal.Reason, by: removal.By,
	}
	err = a.recordLimit(r, change, func() error { return live.Forget(r.Context(), charge) })
	return LimitReset{l.Limit.Name, target.Key.String(), used}, sensible(err)
}

// allows says what an override allows, or the limit without one.
func allows(l DeclaredLimit, o override.Override, had bool) string {
	if had {
		return o.Describe()
	}
	return l.Rate
}

// hashOf is the hash of a target's key; empty for all keys.
func hashOf(t override.Target) string {
	if t.Key == (window.ID{}) {
		return ""
	}
	return t.Key.String()
}

// Interface guards
var (
	_ caddy.Module      = (*limitsAdmin)(nil)
	_ caddy.AdminRouter = (*limitsAdmin)(nil)
)
