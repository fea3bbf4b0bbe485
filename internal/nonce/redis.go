package nonce

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// DefaultTimeout bounds one request to Redis, whatever the client's own
// timeouts are.
const DefaultTimeout = 250 * time.Millisecond

// Redis keeps nonces in Redis, so that a replay is refused by every gateway
// that shares it. Its server must not evict (maxmemory-policy noeviction): an
// evicted nonce could be used again.
type Redis struct {
	client  redis.UniversalClient
	prefix  string
	timeout time.Duration
}

// NewRedis returns a store whose keys begin with the prefix. It waits for an
// answer for at most the timeout; zero means [DefaultTimeout]. The caller
// closes the client.
func NewRedis(client redis.UniversalClient, prefix string, timeout time.Duration) *Redis {
	return &Redis{client: client, prefix: prefix + ":nonce:", timeout: cmp.Or(timeout, DefaultTimeout)}
}

// Use implements [Store] with one SET NX PX. A full server refuses it, which is
// an [ErrUnavailable] like every other failure. If a reply is lost, the nonce
// stays used and the client has to sign again, which is safe.
func (r *Redis) Use(ctx context.Context, scope, nonce string, ttl time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	key := digestOf(scope, nonce)
	err := r.client.SetArgs(ctx, r.prefix+base64.RawURLEncoding.EncodeToString(key[:]), 1, redis.SetArgs{
		Mode: "NX",
		// Redis counts in milliseconds and refuses 0.
		TTL: max(ttl, time.Millisecond),
	}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return true, nil
}

// Interface guard
var _ Store = (*Redis)(nil)
