// Package gate is the Caddy app that the gate modules share: the connection to
// Redis, the stores of limits and nonces, the keyring, the breakers and the
// health checks. What is worth keeping outlives a reload.
package gate

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/metric"
	"github.com/odordiff/odordiff/internal/nonce"
	"github.com/odordiff/odordiff/internal/override"
	"github.com/odordiff/odordiff/internal/queue"
	"github.com/odordiff/odordiff/internal/slots"
	"github.com/odordiff/odordiff/internal/token"
	"github.com/odordiff/odordiff/internal/tracing"
	"github.com/odordiff/odordiff/internal/window"
)

func init() {
	caddy.RegisterModule(App{})
}

// App holds what the gate modules of a config share. A config without it gets
// one with the defaults: everything in memory, and no keyring.
type App struct {
	// Shares limits and nonces between gateways. Without it they are kept in
	// the memory of this process.
	Redis *Redis `json:"redis,omitempty"`

	// The file of shared secrets, for HTTP signatures and HMAC-signed tokens. It
	// is watched, so a change takes effect without a reload. `odordiff keyring
	// init` makes one. Placeholders are expanded. Default: keyring.json in the
	// directory that ODORDIFF_STATE names, if it is there.
	KeyringFile string `json:"keyring,omitempty"`

	// The protocols that a client may change to with Upgrade or an extended
	// CONNECT, such as websocket, on every route with a gate module. Any other is
	// refused with 403. No module sees what goes through the changed connection.
	// h2c cannot be named. Default: none.
	Upgrade []string `json:"upgrade,omitempty"`

	// Records security events in a trail that nobody can change unnoticed.
	// Default: nothing is recorded.
	Audit *Audit `json:"audit,omitempty"`

	// Tells in Server-Timing how many milliseconds each gate and the upstream
	// took: to everyone, or to principals who have the scope. Such times tell a
	// stranger which gates there are, and whether a store was asked. Default: off.
	ServerTiming string `json:"server_timing,omitempty"`

	ctx         caddy.Context
	logger      *zap.Logger
	process     *process
	redis       *redisStores
	keyring     *keyring.Keyring
	keyringPath string
	keySets     *keySets
	auditing    *auditing
	tracing     *tracing.Provider // nil without a collector
	routes      map[location]*route
	slots       map[slotsKey]*slots.Slots
	declared    *declaredLimits
	cleanups    []func() error
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "gate",
		New: func() caddy.Module { return new(App) },
	}
}

// AppOf returns the gate app of the config that is being provisioned.
func AppOf(ctx caddy.Context) (*App, error) {
	app, err := ctx.App("gate")
	if err != nil {
		return nil, fmt.Errorf("getting the gate app: %w", err)
	}
	return app.(*App), nil
}

// Provision acquires what is shared. It takes over from the config before what
// that has.
func (a *App) Provision(ctx caddy.Context) error {
	logger := ctx.Logger()
	a.ctx, a.logger = ctx, logger
	a.keySets = &keySets{byPath: make(map[string]*token.KeySet)}
	a.declared = new(declaredLimits)
	a.routes, a.slots = make(map[location]*route), make(map[slotsKey]*slots.Slots)
	spelledOut := a.Redis != nil && spellsOutPassword(a.Redis.URL)
	if err := a.Options().Provision(); err != nil {
		return err
	}
	var err error
	if a.process, err = acquire(a, processes, struct{}{}, newProcess); err != nil {
		return err
	}
	if a.tracing, err = acquire(a, providers, struct{}{}, openProvider); err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	if a.Redis != nil {
		if err := a.provisionRedis(ctx, logger.Named("redis"), spelledOut); err != nil {
			return fmt.Errorf("redis: %w", err)
		}
	}
	if file := a.keyringFile(); file != "" {
		if err := a.acquireKeyring(file, logger.Named("keyring")); err != nil {
			return fmt.Errorf("keyring: %w", err)
		}
	}
	if a.Audit != nil {
		if err := a.provisionAudit(); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	version, _ := caddy.Version()
	return RegisterMetrics(ctx, metric.BuildInfo(version), keyCollector{a}, useCollector{a}, overrideCollector{a}, certificateCollector{a}, configFile, auditCommits, refusals, responses,
		requestSeconds, firstByteSeconds, handlerSeconds)
}

// Start opens the audit trail, and takes over the log of refusals and the
// admin API's view of limits. It warns of
// servers that do not render refusals, and of servers whose clients may choose
// their own address. What else is shared works from Provision on, because other
// modules use it while they are provisioned.
func (a *App) Start() error {
	if a.auditing != nil {
		if err := a.startAudit(); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	restoreLog := takeOverLog(a.logger.Named("refusals"))
	endTrail := takeOverTrail(a.auditing)
	endControl := takeOverControl(a)
	// before the trail is released
	a.cleanups = append([]func() error{func() error {
		restoreLog()
		endTrail()
		endControl()
		return nil
	}}, a.cleanups...)
	Record(audit.Event{Name: "config.loaded"})
	servers := a.servers()
	warnOfBareRefusals(servers, a.logger)
	warnOfForgedAddresses(servers, a.logger)
	returnMemory()
	return nil
}

// returnMemory returns to the system, once, what loading the first config has
// left behind: several times what is live, most of it by compiling policies.
// An idle process would keep it, because its heap may grow to several times
// what is live before it is collected.
var returnMemory = sync.OnceFunc(func() { go debug.FreeOSMemory() })

// servers returns the HTTP servers of the config, if it has any.
func (a *App) servers() map[string]*caddyhttp.Server {
	app, err := a.ctx.AppIfConfigured("http")
	if err != nil || app == nil {
		return nil
	}
	return app.(*caddyhttp.App).Servers
}

// Stop does nothing. Cleanup releases what is shared.
func (*App) Stop() error { return nil }

// Cleanup releases what is shared. What no other config uses is closed.
func (a *App) Cleanup() error {
	var errs []error
	for _, cleanup := range a.cleanups {
		errs = append(errs, cleanup())
	}
	a.cleanups = nil
	return errors.Join(errs...)
}

// Limits returns the store of limits.
func (a *App) Limits() window.Store { return a.liveLimits() }

func (a *App) liveLimits() *override.Store {
	if a.redis != nil {
		return a.redis.live
	}
	return a.process.live
}

// limitUse returns how much the store of limits keeps in this process.
func (a *App) limitUse() map[string]window.Use {
	if a.redis != nil {
		return a.redis.limits.Use()
	}
	return a.process.limits.Use()
}

// InFlight returns the store of slots for requests under way, and reports
// whether other gateways share it.
func (a *App) InFlight() (store inflight.Store, shared bool) {
	if a.redis != nil {
		return a.redis.inFlight, true
	}
	return a.process.inFlight, false
}

// Queue returns the lines in which requests wait, over reloads too.
func (a *App) Queue() *queue.Queue { return a.process.queue }

// Nonces returns the store of nonces that were used.
func (a *App) Nonces() nonce.Store {
	if a.redis != nil {
		return a.redis.nonces
	}
	return a.process.nonces
}

// Keyring returns the keyring, or nil when none is configured.
func (a *App) Keyring() *keyring.Keyring { return a.keyring }

// Health returns the registry of health checks.
func (a *App) Health() *healthcheck.Registry { return a.process.health }

// Breakers returns the registry of breakers.
func (a *App) Breakers() *breaker.Registry { return a.process.breakers }

// register adds a health check for as long as this config lives.
func (a *App) register(check healthcheck.Check) {
	remove := a.process.health.Register(check)
	a.cleanups = append(a.cleanups, func() error {
		remove()
		return nil
	})
}

// reporter returns a function that logs errors that no request reports.
func reporter(logger *zap.Logger, what string) func(error) {
	return func(err error) { logger.Error(what, zap.Error(err)) }
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
