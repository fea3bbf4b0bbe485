package window

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// DefaultPrefix begins the names of the windows' keys in Redis.
const DefaultPrefix = "gate:limit"

//go:embed window.lua
var windowSource string

//go:embed decide.lua
var decideSource string

//go:embed settle.lua
var settleSource string

// Redis keeps the windows in a Redis server, shared by all who use the same
// prefix. One decision is one round trip at most: a script, on the server's
// clock. Decisions made at the same time share round trips. An error says that
// the decision could not be made; whether the charges were made is then
// unknown, and they are never tried again.
//
// Connections are opened, and the script is loaded, outside of decisions. The
// client's timeouts bound each of their steps, and each round trip.
//
// A decision is atomic only within one hash slot, so all windows of a prefix
// share one: in a cluster they live on one node.
type Redis struct {
	client  redis.UniversalClient
	batcher batcher
	// decide and settle are what the server runs.
	decide, settle Script
	prefix         string
}

// RedisOptions configure a [Redis]. The zero value selects the defaults.
type RedisOptions struct {
	// Prefix begins the names of all keys; "" means [DefaultPrefix]. It must not
	// contain braces.
	Prefix string
	// Wait is how long a decision may wait for a connection if none is ready; zero
	// means as long as its context allows.
	Wait time.Duration
}

// NewRedis returns a store that uses the client: one of a server, of a primary
// with Sentinels, or of a cluster. The caller closes the store and then the
// client.
func NewRedis(client redis.UniversalClient, options RedisOptions) (*Redis, error) {
	prefix := cmp.Or(options.Prefix, DefaultPrefix)
	if strings.ContainsAny(prefix, "{}") {
		return nil, fmt.Errorf("prefix %q of the limits' keys must not hold braces", prefix)
	}
	s := &Redis{
		client: client,
		decide: NewScript(windowSource + decideSource),
		settle: NewScript(windowSource + settleSource),
		prefix: "{" + prefix + "}:",
	}
	s.batcher.init(s.openLane, options.Wait)
	return s, nil
}

// Decide implements [Store].
func (s *Redis) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	if err := validate(charges); err != nil {
		return Verdict{}, err
	}
	if len(charges) == 0 {
		return Verdict{Allowed: true}, nil
	}
	reply, err := s.eval(ctx, s.decide, s.operands(charges), s.batcher.process)
	if err != nil {
		return Verdict{}, fmt.Errorf("deciding limits in Redis: %w", err)
	}
	return verdictOf(charges, reply)
}

// Settle implements [Store].
func (s *Redis) Settle(ctx context.Context, settlements []Settlement) error {
	if err := validateSettlements(settlements); err != nil {
		return err
	}
	due := slices.DeleteFunc(slices.Clone(settlements), func(s Settlement) bool { return s.difference() == 0 })
	if len(due) == 0 {
		return nil
	}
	if _, err := s.eval(ctx, s.settle, s.corrections(due), s.batcher.process); err != nil {
		return fmt.Errorf("settling limits in Redis: %w", err)
	}
	return nil
}

// Connect implements [Shared].
func (s *Redis) Connect(ctx context.Context) error {
	err := s.connect(ctx)
	if cluster, ok := s.client.(*redis.ClusterClient); ok && err != nil {
		cluster.ReloadState(ctx) // a replica may have been promoted
	}
	return err
}

// connect sees whether a connection that is open still serves, and else opens
// another in the place of all.
func (s *Redis) connect(ctx context.Context) error {
	if l := s.batcher.borrow(); l != nil && s.batcher.giveBack(l, s.probe(ctx, l)) {
		return nil
	}
	l, err := s.openLane(ctx)
	if err != nil {
		return fmt.Errorf("connecting to Redis: %w", err)
	}
	start := time.Now()
	if err := s.probe(ctx, l); err != nil {
		return errors.Join(fmt.Errorf("deciding limits in Redis: %w", err), l.close())
	}
	s.batcher.renew(l, time.Since(start))
	return nil
}

// probe makes a decision on a lane.
func (s *Redis) probe(ctx context.Context, l *lane) error {
	_, err := s.eval(ctx, s.decide, s.operands(probeCharge()), func(_ context.Context, cmd oneShot) error {
		_ = l.send([]*command{{cmd: cmd}}) // the command keeps its error
		return cmd.Err()
	})
	return err
}

//go:embed nodes.lua
var nodesSource string

// Join implements [Shared].
func (s *Redis) Join(ctx context.Context, node string, lifetime time.Duration) (int, error) {
	cmd, err := s.do(ctx, "eval", nodesSource, 1, s.prefix+"nodes", node, lifetime.Milliseconds())
	if err != nil {
		return 0, fmt.Errorf("counting the nodes that share Redis: %w", err)
	}
	return cmd.Int()
}

// Forget implements [Store].
func (s *Redis) Forget(ctx context.Context, c Charge) error {
	if _, err := s.do(ctx, "del", s.key(c)); err != nil {
		return fmt.Errorf("forgetting a window in Redis: %w", err)
	}
	return nil
}

// do sends a command to the server that has the windows.
func (s *Redis) do(ctx context.Context, operands ...any) (oneShot, error) {
	cmd := oneShot{redis.NewCmd(ctx, operands...)}
	err := s.batcher.process(ctx, cmd)
	if redirects(err) {
		cmd = oneShot{redis.NewCmd(ctx, operands...)}
		err = s.follow(ctx, cmd)
	}
	return cmd, err
}

// Close implements [Store]. The client stays open.
func (s *Redis) Close() error {
	s.batcher.close()
	return nil
}

// server returns the client of the server that has the windows.
func (s *Redis) server(ctx context.Context) (*redis.Client, error) {
	switch client := s.client.(type) {
	case *redis.Client:
		return client, nil
	case *redis.ClusterClient:
		return client.MasterForKey(ctx, s.prefix)
	}
	return nil, fmt.Errorf("limits cannot be kept by a %T", s.client)
}

// follow lets the client of a cluster find the node that has the windows.
func (s *Redis) follow(ctx context.Context, cmd oneShot) error {
	if s.batcher.wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.batcher.wait)
		defer cancel()
	}
	return s.client.Process(ctx, cmd)
}

// operands are those of a decision.
func (s *Redis) operands(charges []Charge) []any {
	operands := make([]any, 0, 3+6*len(charges))
	operands = append(operands, "evalsha", s.decide.hash, len(charges))
	for _, c := range charges {
		operands = append(operands, s.key(c))
	}
	for _, c := range charges {
		w := width(c.Limit.Window)
		operands = append(operands, c.Limit.Rate, c.Cost, w.Microseconds(), lifetime(w), c.Limit.Shadow)
	}
	return operands
}

// corrections are the operands of settlements.
func (s *Redis) corrections(settlements []Settlement) []any {
	operands := make([]any, 0, 3+5*len(settlements))
	operands = append(operands, "evalsha", s.settle.hash, len(settlements))
	for _, one := range settlements {
		operands = append(operands, s.key(one.Charge))
	}
	for _, one := range settlements {
		w := width(one.Charge.Limit.Window)
		operands = append(operands, one.State.At.UnixMicro(), one.difference(), w.Microseconds(), lifetime(w))
	}
	return operands
}

// lifetime is for how many milliseconds Redis keeps a window that is not used:
// until all buckets have left, and one bucket longer for good measure.
func lifetime(width time.Duration) int64 { return leaves(1, width).Milliseconds() + 1 }

// key names the window for people who look into Redis, without revealing whose
// it is.
func (s *Redis) key(c Charge) string {
	return s.prefix + c.Limit.Name + ":" + IDOf(c).String()
}

// oneShot is a command that is sent at most once, whatever happens to the
// connection: a charge that was sent again could count twice.
type oneShot struct{ *redis.Cmd }

// NoRetry tells the client.
func (oneShot) NoRetry() bool { return true }

var errReply = errors.New("unexpected reply of the limit script")

func verdictOf(charges []Charge, reply []int64) (Verdict, error) {
	const each = 5
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
		if r[4] > 0 {
			verdict.States[i].At = time.UnixMicro(r[4])
		}
		verdict.Allowed = verdict.Allowed && (r[0] == 0 || c.Limit.Shadow)
	}
	return verdict, nil
}
