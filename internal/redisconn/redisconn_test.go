package redisconn

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/redistest"
)

func TestOpenTalksToARealServer(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "s3cret")
	client, err := Open("redis://:s3cret@"+server.Addr+"/2?dial_timeout=5s&read_timeout=5s", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	info, err := client.Info(t.Context(), "keyspace").Result()
	if err != nil || !strings.Contains(info, "db2:keys=1") {
		t.Errorf("the key is not in database 2: %q, %v", info, err)
	}
}

func TestOpenWaitsOnlyBriefly(t *testing.T) {
	server := redistest.Start(t)
	client, err := Open(server.URL(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	server.Pause()
	defer server.Resume()
	start := time.Now()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("a paused server answered")
	}
	// go-redis alone would take 5 s and then try three times more.
	if elapsed := time.Since(start); elapsed > 2*time.Second {
		t.Errorf("a paused server was given %v", elapsed)
	}
}

func TestOpenHonoursContexts(t *testing.T) {
	server := redistest.Start(t)
	client, err := Open(server.URL()+"?read_timeout=1m&write_timeout=1m&dial_timeout=1m", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	server.Pause()
	defer server.Resume()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = client.Ping(ctx).Err()
	var timeout net.Error
	if !errors.Is(err, context.DeadlineExceeded) && (!errors.As(err, &timeout) || !timeout.Timeout()) {
		t.Errorf("error %v, want a timeout", err)
	}
}

func TestParseUnderstandsEveryForm(t *testing.T) {
	type view struct {
		Addrs   []string
		DB      int
		User    string
		Master  string
		Cluster bool
		TLS     string
	}
	cases := map[string]view{
		"redis://localhost":                         {Addrs: []string{"localhost:6379"}},
		"redis://u:p@h:1/3":                         {Addrs: []string{"h:1"}, DB: 3, User: "u"},
		"redis://[::1]:7":                           {Addrs: []string{"[::1]:7"}},
		"rediss://h":                                {Addrs: []string{"h:6379"}, TLS: "h"},
		"unix:///run/redis.sock?db=2":               {Addrs: []string{"/run/redis.sock"}, DB: 2},
		"redis://a:1,b,[::1]:3":                     {Addrs: []string{"a:1", "b:6379", "[::1]:3"}},
		"rediss://u:p@a,b":                          {Addrs: []string{"a:6379", "b:6379"}, User: "u", TLS: "by address"},
		"redis://a:1?cluster=true":                  {Addrs: []string{"a:1"}, Cluster: true},
		"rediss://a:1?cluster=true":                 {Addrs: []string{"a:1"}, Cluster: true, TLS: "by address"},
		"rediss://a:1?cluster=false":                {Addrs: []string{"a:1"}, TLS: "a"},
		"rediss://a:26379?master=m":                 {Addrs: []string{"a:26379"}, Master: "m", TLS: "by address"},
		"redis://a:26379,b:26379/1?master=mymaster": {Addrs: []string{"a:26379", "b:26379"}, DB: 1, Master: "mymaster"},
	}
	for rawURL, want := range cases {
		t.Run(rawURL, func(t *testing.T) {
			o, _, err := parse(rawURL, ioTimeout)
			if err != nil {
				t.Fatal(err)
			}
			got := view{o.Addrs, o.DB, o.Username, o.MasterName, o.IsClusterMode, ""}
			if o.TLSConfig != nil {
				if got.TLS = o.TLSConfig.ServerName; got.TLS == "" {
					got.TLS = "by address"
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseOverridesTheDeadlinesUnlessTheURLSaysOtherwise(t *testing.T) {
	o, _, err := parse("redis://h?read_timeout=70ms&pool_size=7", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if o.DialTimeout != dialTimeout || o.WriteTimeout != time.Second || o.PoolTimeout != time.Second {
		t.Errorf("deadlines %v, %v, %v are not ours", o.DialTimeout, o.WriteTimeout, o.PoolTimeout)
	}
	if o.ReadTimeout != 70*time.Millisecond || o.PoolSize != 7 {
		t.Errorf("read_timeout %v, pool_size %d are not the URL's", o.ReadTimeout, o.PoolSize)
	}
	if o.MaxRetries != -1 || o.DialerRetries != 1 || !o.ContextTimeoutEnabled {
		t.Error("go-redis would retry, or ignore contexts")
	}
}

func TestParseNamesTheFaultAndKeepsThePassword(t *testing.T) {
	cases := map[string]string{
		"":                                    "scheme",
		"localhost:6379":                      "scheme",
		"http://h":                            "scheme",
		"redis://:hunter2@":                   "no host",
		"redis://u:hunter2@h:port":            "port",
		"redis://u:hunter2@h\x7f":             "control character",
		"redis://:hunter2@h/notanumber":       "database",
		"redis://:hunter2@h?colour=red":       "colour",
		"redis://:hunter2@a,,b":               `""`,
		"redis://:hunter2@a,b:x":              `"b:x"`,
		"redis://:hunter2@a,b/1":              "database 0",
		"redis://:hunter2@a?cluster=maybe":    "maybe",
		"redis://h?cluster=1&master=hunter2":  "exclude",
		"redis://h?sentinel_password=hunter2": "need master=NAME",
		"redis://h?tls_ca=/etc/ca.pem":        "write rediss://",
		"rediss://h?tls_cert=/etc/c.pem":      "need each other",
		"rediss://h?tls_ca=/no/such/file":     "/no/such/file",
		"rediss://h?tls_ca=redisconn.go":      "no certificate",
	}
	for rawURL, want := range cases {
		t.Run(rawURL, func(t *testing.T) {
			_, err := Open(rawURL, 0)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("error %v should mention %q", err, want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error gives the password away: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("redis://u:p@h:1,b:2/3?master=m&cluster=true")
	f.Add("rediss://[::1]:6379")
	f.Add("unix:///run/redis.sock")
	f.Fuzz(func(t *testing.T, rawURL string) {
		options, _, err := parse(rawURL, ioTimeout)
		if err != nil {
			return
		}
		if len(options.Addrs) == 0 || options.MaxRetries != -1 {
			t.Errorf("%q: %+v", rawURL, options)
		}
	})
}

func TestABrokenConnectionIsReplacedAndCounted(t *testing.T) {
	server := redistest.Start(t)
	client, err := Open(server.URL(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 2 {
		if err := client.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	server.Kill()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a server that is gone answers")
	}
	server.Restart()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("the server is back, but %v", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(Collector{NewMetrics("redis"), []redis.UniversalClient{client}})
	for name, want := range map[string]float64{
		"redis_connections": 1, "redis_idle_connections": 1, "redis_timeouts_total": 0,
		"redis_connections_reused_total": 1, "redis_stale_total": 1,
	} {
		if got := valueOf(t, registry, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if dials := valueOf(t, registry, "redis_dials_total"); dials < 2 {
		t.Errorf("%v dials, want one before and one after", dials)
	}
}

func valueOf(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if metric := family.GetMetric()[0]; family.GetName() == name {
			return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestConnectionsDoNotEndTogether(t *testing.T) {
	for url, want := range map[string][2]time.Duration{
		"redis://h:1":                        {30 * time.Minute, 6 * time.Minute},
		"redis://h:1?conn_max_lifetime=600s": {10 * time.Minute, 2 * time.Minute},
	} {
		options, _, err := parse(url, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]time.Duration{options.ConnMaxLifetime, options.ConnMaxLifetimeJitter}; got != want {
			t.Errorf("%s: lifetime and jitter %v, want %v", url, got, want)
		}
	}
}
