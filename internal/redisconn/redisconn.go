// Package redisconn opens the connections to Redis that the gateway shares. A
// request waits while the gateway asks Redis, so a quick error is better than a
// late answer: deadlines are short and nothing is retried.
package redisconn

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout = 250 * time.Millisecond
	ioTimeout   = 50 * time.Millisecond
	// connLifetime is how long a connection is used, give or take a fifth, so that
	// a balancer or a changed address takes effect, for a few at a time.
	connLifetime = 30 * time.Minute
	// concurrentDials protects a server that comes back from too many
	// connections at once.
	concurrentDials = 8
	// heldConnections is how many connections an impatient client may have. Its
	// user holds most of them.
	heldConnections = 80
)

// go-redis prints to standard error what it also returns as errors, and
// harmless events such as a refused dial in the background.
func init() { logging.Disable() }

// Open returns a client of the server or servers at rawURL, without
// connecting yet. The forms are
//
//	redis://[user:password@]host:port[/db]          one server
//	rediss://…                                      the same over TLS
//	unix://[user:password@]/path/to/socket[?db=N]   one server on this machine
//	redis://…host:port,host:port[,…]                a cluster, by some of its nodes
//	redis://…host:port?cluster=true                 a cluster, by one address
//	redis://…host:port[,…][/db]?master=NAME         a primary, by its Sentinels
//
// With rediss, tls_ca names a file of the authorities that the server's
// certificate may be from, in place of the system's, and tls_cert and tls_key
// those with which the client shows who it is. All are PEM, and read again for
// each connection. Sentinels that have users of their own are given
// sentinel_user and sentinel_password.
//
// Further parameters are those of [redis.ParseURL], such as pool_size and
// read_timeout. Errors name the fault and never the password.
//
// The timeout is how long a read, a write and the wait for a connection may
// take each; zero means 50 ms.
func Open(rawURL string, timeout time.Duration) (redis.UniversalClient, error) {
	return open(rawURL, timeout, nil)
}

// OpenImpatient returns a client as [Open] does, for those who have another way
// if the server is silent. It gives up a connection on which an answer is long
// overdue: 15 ms or more later than the server usually answers, and after the
// timeout at the latest.
func OpenImpatient(rawURL string, timeout time.Duration) (redis.UniversalClient, error) {
	return open(rawURL, timeout, &patience{most: cmp.Or(timeout, ioTimeout)})
}

func open(rawURL string, timeout time.Duration, p *patience) (redis.UniversalClient, error) {
	options, files, err := parse(rawURL, cmp.Or(timeout, ioTimeout))
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	options.Dialer = dialer(options, files, p)
	if p != nil {
		options.PoolSize = cmp.Or(options.PoolSize, heldConnections)
	}
	return redis.NewUniversalClient(options), nil
}

func parse(rawURL string, timeout time.Duration) (*redis.UniversalOptions, tlsFiles, error) {
	hosts, first := splitHosts(rawURL)
	u, err := url.Parse(first)
	if err != nil {
		// A url.Error quotes the whole URL, the password with it.
		if parseErr, ok := errors.AsType[*url.Error](err); ok {
			err = parseErr.Err
		}
		return nil, tlsFiles{}, err
	}
	ours, err := cutParameters(u)
	if err != nil {
		return nil, tlsFiles{}, err
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix" {
		return nil, tlsFiles{}, errors.New("unknown scheme: write redis://, rediss:// or unix://")
	}
	if u.Scheme != "unix" && u.Hostname() == "" {
		return nil, tlsFiles{}, errors.New("no host: write redis://host:port")
	}
	single, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, tlsFiles{}, err
	}
	options := withDeadlines(single, timeout)
	options.MasterName, options.IsClusterMode = ours.master, ours.cluster
	options.SentinelUsername, options.SentinelPassword = ours.sentinelUser, ours.sentinelPassword
	if err := errors.Join(addHosts(options, hosts), ours.files.validate(options.TLSConfig)); err != nil {
		return nil, tlsFiles{}, err
	}
	clustered := options.IsClusterMode || len(options.Addrs) > 1 && options.MasterName == ""
	if clustered && options.DB != 0 {
		return nil, tlsFiles{}, errors.New("a cluster has only database 0")
	}
	return options, ours.files, nil
}

// splitHosts cuts all hosts but the first out of the URL: net/url knows one.
func splitHosts(rawURL string) (others []string, first string) {
	scheme, rest, found := strings.Cut(rawURL, "://")
	if !found {
		return nil, rawURL
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	user := strings.LastIndex(authority, "@") + 1
	hosts := strings.Split(authority[user:], ",")
	return hosts[1:], scheme + "://" + authority[:user] + hosts[0] + tail
}

// parameters are those of the URL that go-redis does not know.
type parameters struct {
	master                         string
	sentinelUser, sentinelPassword string
	cluster                        bool
	files                          tlsFiles
}

// cutParameters removes them from the URL.
func cutParameters(u *url.URL) (parameters, error) {
	query := u.Query()
	cut := func(name string) string {
		defer query.Del(name)
		return query.Get(name)
	}
	ours := parameters{
		master:       cut("master"),
		sentinelUser: cut("sentinel_user"), sentinelPassword: cut("sentinel_password"),
		files: tlsFiles{ca: cut("tls_ca"), cert: cut("tls_cert"), key: cut("tls_key")},
	}
	if value := cut("cluster"); value != "" {
		cluster, err := strconv.ParseBool(value)
		if err != nil {
			return ours, fmt.Errorf("parameter cluster=%q: write true or false", value)
		}
		ours.cluster = cluster
	}
	switch {
	case ours.cluster && ours.master != "":
		return ours, errors.New("parameters cluster and master exclude each other")
	case ours.master == "" && (ours.sentinelUser != "" || ours.sentinelPassword != ""):
		return ours, errors.New("parameters sentinel_user and sentinel_password need master=NAME")
	}
	u.RawQuery = query.Encode()
	return ours, nil
}

// withDeadlines applies the timeout in place of go-redis's defaults of several
// seconds, except where the URL sets another one.
func withDeadlines(o *redis.Options, timeout time.Duration) *redis.UniversalOptions {
	lifetime := cmp.Or(o.ConnMaxLifetime, connLifetime)
	return &redis.UniversalOptions{
		Addrs:     []string{o.Addr},
		DB:        o.DB,
		Protocol:  o.Protocol,
		Username:  o.Username,
		Password:  o.Password,
		TLSConfig: o.TLSConfig,

		ClientName:      o.ClientName,
		DisableIdentity: true,

		DialTimeout:   cmp.Or(o.DialTimeout, dialTimeout),
		DialerRetries: 1,
		ReadTimeout:   cmp.Or(o.ReadTimeout, timeout),
		WriteTimeout:  cmp.Or(o.WriteTimeout, timeout),
		// with less, a burst of requests that only wait for each other looks like a
		// server that failed,
		PoolTimeout:           cmp.Or(o.PoolTimeout, timeout),
		PoolSize:              o.PoolSize,
		MinIdleConns:          o.MinIdleConns,
		MaxIdleConns:          o.MaxIdleConns,
		MaxActiveConns:        o.MaxActiveConns,
		ConnMaxIdleTime:       o.ConnMaxIdleTime,
		ConnMaxLifetime:       lifetime,
		ConnMaxLifetimeJitter: max(0, lifetime/5),
		MaxConcurrentDials:    concurrentDials,
		ContextTimeoutEnabled: true,
		// A command that timed out may have been carried out: sending it again is the
		// caller's choice.
		MaxRetries: -1,
		// Valkey and older servers answer the notifications' handshake with an error.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func addHosts(options *redis.UniversalOptions, hosts []string) error {
	for _, host := range hosts {
		addr, err := hostPort(host)
		if err != nil {
			return err
		}
		options.Addrs = append(options.Addrs, addr)
	}
	// The hosts may lead to servers that the URL does not name: each is then
	// checked against its own name.
	several := len(hosts) > 0 || options.IsClusterMode || options.MasterName != ""
	if several && options.TLSConfig != nil {
		options.TLSConfig.ServerName = ""
	}
	return nil
}

func hostPort(host string) (string, error) {
	u, err := url.Parse("redis://" + host)
	if err != nil || u.Hostname() == "" || u.Host != host {
		return "", fmt.Errorf("%q is not host:port", host)
	}
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
