package gate

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/nonce"
	"github.com/odordiff/odordiff/internal/override"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/window"
)

// maxRedisTimeout keeps a mistake from making every request wait for a dead
// Redis.
const maxRedisTimeout = 5 * time.Second

// DefaultPrefix begins every key in Redis.
const DefaultPrefix = "odordiff"

// Redis says where the shared store is.
type Redis struct {
	// The address: redis://[user:password@]host:port[/db], rediss:// for TLS,
	// several hosts with commas for a cluster, ?master=NAME for Sentinel.
	// "off" for none. Placeholders such as {env.REDIS_URL} and
	// {file./run/secrets/redis} are expanded, and only when the config loads:
	// write a password in this way, or the admin API's /config shows it.
	URL string `json:"url,omitempty"`

	// The beginning of every key. Gateways with the same prefix share limits and
	// nonces. Default: odordiff.
	Prefix string `json:"prefix,omitempty"`

	// How many gateways share the limits at least. While Redis is gone, each
	// allows its share of a limit with on_error local: the rate divided by this,
	// or by how many have used Redis in the last 20s if they are more. Default: 1.
	Nodes *int `json:"nodes,omitempty"`

	// How long a request waits for Redis, up to 5s. After that, its limits do what
	// their on_error says, and its signature is refused. Default: 50ms, and 250ms
	// for signatures, which cannot be checked otherwise.
	Timeout *caddy.Duration `json:"timeout,omitempty"`
}

// redisStores are the stores on one Redis.
type redisStores struct {
	// client serves the nonces and the checks, and limiter the limits, which hold
	// connections of their own.
	client, limiter redis.UniversalClient
	limits          *window.Failover
	live            *override.Store // limits, with overrides
	inFlight        *inflight.Shared
	nonces          *nonce.Redis
}

// sharedRedis are the open stores by their options.
var sharedRedis = NewPool[redisKey]((*redisStores).close)

func (s *redisStores) clients() []redis.UniversalClient {
	return []redis.UniversalClient{s.client, s.limiter}
}

func (s *redisStores) close() error {
	return errors.Join(s.inFlight.Close(), s.live.Close(), s.limiter.Close(), s.client.Close())
}

// check tests whether Redis does what requests need, and whether it may evict
// keys. A PING would not show this: a server that has become a replica or is
// full answers it. So check makes a decision of the limiter, and uses a nonce.
func (s *redisStores) check(ctx context.Context) healthcheck.Result {
	result := s.try(ctx)
	result.Data = redisconn.Figures(s.clients()...)
	return result
}

func (s *redisStores) try(ctx context.Context) healthcheck.Result {
	if err := s.limits.Probe(ctx); err != nil {
		return failed("limits are not decided in Redis", err)
	}
	if _, err := s.nonces.Use(ctx, "probe", rand.Text(), time.Second); err != nil {
		return failed("signatures are refused", err)
	}
	if err := s.unserved(ctx); err != nil {
		return failed("some signatures are refused", err)
	}
	if policy := s.eviction(ctx); policy != "" {
		return healthcheck.Result{
			Status: healthcheck.Degraded,
			Detail: fmt.Sprintf("maxmemory-policy is %s: once its memory is full, Redis forgets nonces, whose signatures can "+
				"then be replayed, and what was counted against limits; set maxmemory-policy noeviction", policy),
		}
	}
	return healthcheck.Result{Detail: "takes charges and nonces"}
}

// unserved returns an error if a part of a cluster has no node. A nonce may
// belong to any slot, and a test of one slot says nothing about the others.
func (s *redisStores) unserved(ctx context.Context) error {
	const whole = 16384
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return nil
	}
	info, err := cluster.ClusterInfo(ctx).Result()
	if err != nil {
		return nil // some servers forbid CLUSTER; that is no fault
	}
	for line := range strings.Lines(info) {
		text, found := strings.CutPrefix(strings.TrimSpace(line), "cluster_slots_ok:")
		if served, err := strconv.Atoi(text); found && err == nil && served < whole {
			return fmt.Errorf("only %d of %d slots of the cluster have a node that is up", served, whole)
		}
	}
	return nil
}

func failed(what string, err error) healthcheck.Result {
	return healthcheck.Result{Status: healthcheck.Failed, Detail: what + ": " + err.Error()}
}

var connectionMetrics = redisconn.NewMetrics("gate_redis")

// degradedGauge shows what the limiter knows from its own traffic, also between
// two checks.
func (s *redisStores) degradedGauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gate_redis_degraded",
		Help: "1 while Redis is left alone after failures, so that each limit does what its on_error says; otherwise 0.",
	}, func() float64 {
		if s.limits.Degraded() {
			return 1
		}
		return 0
	})
}

// eviction returns the policy by which the server evicts keys. It is "" if the
// server evicts none or does not say: some servers forbid CONFIG, which is no
// fault.
func (s *redisStores) eviction(ctx context.Context) string {
	settings, err := s.client.ConfigGet(ctx, "maxmemory*").Result()
	if err != nil || settings["maxmemory"] == "0" || settings["maxmemory-policy"] == "noeviction" {
		return ""
	}
	return settings["maxmemory-policy"]
}

// off is the address for no Redis.
const off = "off"

// redisKey is a Redis's key in the pool: equal options share a connection.
type redisKey struct {
	url, prefix string
	nodes       int
	timeout     time.Duration // zero means the defaults of the two stores
}

func (r *Redis) key() redisKey {
	key := redisKey{url: r.URL, prefix: r.Prefix, nodes: *r.Nodes}
	if r.Timeout != nil {
		key.timeout = time.Duration(*r.Timeout)
	}
	return key
}

func (a *App) provisionRedis(ctx caddy.Context, logger *zap.Logger, spelledOut bool) error {
	if a.Redis.URL == off {
		return nil
	}
	if spelledOut {
		logger.Warn("the password of Redis stands in the configuration, where the admin API shows it at /config: " +
			"write a placeholder in its place, such as {env.REDIS_PASSWORD} or {file./run/secrets/redis}")
	}
	if err := a.acquireRedis(a.Redis.key(), logger); err != nil {
		return err
	}
	return RegisterMetrics(ctx, a.redis.degradedGauge(), redisconn.Collector{Metrics: connectionMetrics, Clients: a.redis.clients()})
}

// spellsOutPassword reports whether the address, before its placeholders are
// expanded, has a password that is not a placeholder.
func spellsOutPassword(rawURL string) bool {
	written := placeholder.ReplaceAllString(rawURL, "")
	if sentinelPassword.MatchString(written) {
		return true
	}
	_, rest, _ := strings.Cut(written, "://")
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return false
	}
	_, password, found := strings.Cut(rest[:at], ":")
	return found && password != ""
}

var sentinelPassword = regexp.MustCompile(`[?&]sentinel_password=[^&]`)

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

func (a *App) acquireRedis(options redisKey, logger *zap.Logger) error {
	var err error
	if a.redis, err = acquire(a, sharedRedis, options, func() (*redisStores, error) { return openRedis(options, logger) }); err != nil {
		return err
	}
	a.register(healthcheck.Check{Name: "redis", Run: a.redis.check})
	return nil
}

func openRedis(options redisKey, logger *zap.Logger) (*redisStores, error) {
	client, err := redisconn.Open(options.url, options.timeout)
	if err != nil {
		return nil, err
	}
	limiter, err := redisconn.OpenImpatient(options.url, options.timeout)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	wait := cmp.Or(options.timeout, window.DefaultDeadline)
	decider, err := window.NewRedis(limiter, window.RedisOptions{Prefix: options.prefix, Wait: wait})
	if err != nil {
		return nil, errors.Join(err, limiter.Close(), client.Close())
	}
	shared := window.NewRefusals(window.NewLeases(decider))
	failover := window.FailoverOptions{
		Nodes:    options.nodes,
		Deadline: options.timeout,
		OnError:  reporter(logger, "limits: redis failed"),
		OnChange: reportChange(logger),
	}
	limits := window.NewFailover(shared, window.NewMemory(window.MemoryOptions{}), failover)
	overrides := override.Open(client, override.SharedOptions{Prefix: options.prefix, OnChange: reportOverrides(logger)})
	return &redisStores{
		client:   client,
		limiter:  limiter,
		limits:   limits,
		inFlight: inflight.NewShared(limits),
		live:     override.NewStore(limits, overrides),
		nonces:   nonce.NewRedis(client, options.prefix, options.timeout),
	}, nil
}

// reportChange returns a function that logs when limits leave Redis alone, and
// when they are back.
func reportChange(logger *zap.Logger) func(error) {
	return func(err error) {
		if err != nil {
			logger.Warn("limits: redis is left alone until it answers", zap.Error(err))
			return
		}
		logger.Warn("limits: redis is back")
	}
}

// reportOverrides returns a function that logs when overrides can no longer be
// followed in Redis, and when they are again.
func reportOverrides(logger *zap.Logger) func(error) {
	return func(err error) {
		if err != nil {
			logger.Warn("limits: the last known overrides stay in force until redis answers", zap.Error(err))
			return
		}
		logger.Info("limits: overrides are followed in redis again")
	}
}
