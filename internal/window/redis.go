package window

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// DefaultPrefix begins the names of the windows' keys in Redis.
const DefaultPrefix = "gate:limit"

//go:embed decide.lua
var decideSource string

// Redis keeps the windows in a Redis server, shared by all who use the same
// prefix. One decision is one round trip at most: a script, on the server's
// clock. Decisions made at the same time share round trips. An error says that
// the decision could not be made; whether the charges were made is then
// unknown, and they are never tried again.
//
// A decision is atomic only within one hash slot, so all windows of a prefix
// share one: in a cluster they live on one node.
type Redis struct {
	batcher batcher
	script  script
	prefix  string
}

// NewRedis returns a store that uses the client. The caller closes the client.
// An empty prefix means [DefaultPrefix]; a prefix must not contain braces.
func NewRedis(client redis.UniversalClient, prefix string) (*Redis, error) {
	if prefix == "" {
		prefix = DefaultPrefix
	}
	if strings.ContainsAny(prefix, "{}") {
		return nil, fmt.Errorf("prefix %q of the limits' keys must not hold braces", prefix)
	}
	return &Redis{
		batcher: batcher{client: client},
		script:  newScript(decideSource),
		prefix:  "{" + prefix + "}:",
	}, nil
}

// Decide implements [Store].
func (s *Redis) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	if err := validate(charges); err != nil {
		return Verdict{}, err
	}
	if len(charges) == 0 {
		return Verdict{Allowed: true}, nil
	}
	reply, err := s.run(ctx, charges)
	if err != nil {
		return Verdict{}, fmt.Errorf("deciding limits in Redis: %w", err)
	}
	return verdictOf(charges, reply)
}

// Close implements [Store]. The client stays open.
func (s *Redis) Close() error { return nil }

// run sends the script by its hash and, to a server that does not know it, in
// full.
func (s *Redis) run(ctx context.Context, charges []Charge) ([]int64, error) {
	operands := make([]any, 0, 3+6*len(charges))
	operands = append(operands, "evalsha", s.script.hash, len(charges))
	for _, c := range charges {
		operands = append(operands, s.key(c))
	}
	for _, c := range charges {
		w := width(c.Limit.Window)
		// Redis drops the key when all buckets have left, and one bucket later for
		// good measure.
		lifetime := leaves(1, w).Milliseconds() + 1
		operands = append(operands, c.Limit.Rate, c.Cost, w.Microseconds(), lifetime, c.Limit.Shadow)
	}
	reply, err := s.once(ctx, operands)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		operands[0], operands[1] = "eval", s.script.source
		reply, err = s.once(ctx, operands)
	}
	return reply, err
}

func (s *Redis) once(ctx context.Context, operands []any) ([]int64, error) {
	cmd := oneShot{redis.NewCmd(ctx, operands...)}
	if err := s.batcher.process(ctx, cmd); err != nil {
		return nil, err
	}
	return cmd.Int64Slice()
}

// key names the window for people who look into Redis, without revealing whose
// it is.
func (s *Redis) key(c Charge) string {
	hash := idOf(c)
	return s.prefix + c.Limit.Name + ":" + base64.RawURLEncoding.EncodeToString(hash[:])
}

// script is a Lua script and the hash by which a server knows it once it ran.
type script struct{ source, hash string }

func newScript(source string) script {
	return script{source: source, hash: redis.NewScript(source).Hash()}
}

// oneShot is a command that is sent at most once, whatever happens to the
// connection: a charge that was sent again could count twice.
type oneShot struct{ *redis.Cmd }

// NoRetry tells the client.
func (oneShot) NoRetry() bool { return true }

var errReply = errors.New("unexpected reply of the limit script")

func verdictOf(charges []Charge, reply []int64) (Verdict, error) {
	const each = 4
	if len(reply) != each*len(charges) {
		return Verdict{}, fmt.Errorf("%w: %d numbers for %d charges", errReply, len(reply), len(charges))
	}
	verdict := Verdict{Allowed: true, States: make([]State, len(charges))}
	for i, c := range charges {
		r := reply[each*i:]
		verdict.States[i] = State{
			Limit: c.Limit, Refused: r[0] == 1, Remaining: r[1],
			Reset: time.Duration(r[2]) * time.Microsecond, RetryAfter: time.Duration(r[3]) * time.Microsecond,
			Never: r[0] == 1 && c.Cost > c.Limit.Rate,
		}
		verdict.Allowed = verdict.Allowed && (r[0] == 0 || c.Limit.Shadow)
	}
	return verdict, nil
}
