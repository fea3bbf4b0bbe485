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

// The scripts: what they have in common, the algorithms, and what is done.
var (
	//go:embed common.lua
	commonSource string
	//go:embed sliding_window.lua
	slidingWindowSource string
	//go:embed sliding_log.lua
	slidingLogSource string
	//go:embed token_bucket.lua
	tokenBucketSource string
	//go:embed decide.lua
	decideSource string
	//go:embed settle.lua
	settleSource string
)

func newLimitScript(source string) Script {
	return NewScript(commonSource + slidingWindowSource + slidingLogSource + tokenBucketSource + source)
}

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
		decide: newLimitScript(decideSource),
		settle: newLimitScript(settleSource),
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
	operands := make([]any, 0, 3+7*len(charges))
	operands = append(operands, "evalsha", s.decide.hash, len(charges))
	for i := range charges {
		operands = append(operands, s.key(charges[i]))
	}
	for i := range charges {
		l := &charges[i].Limit
		kind, width, lifetime := l.kept()
		operands = append(operands, kind, l.inStore(l.Capacity()), l.inStore(charges[i].Cost), width, lifetime, l.manner())
	}
	return operands
}

// corrections are the operands of settlements.
func (s *Redis) corrections(settlements []Settlement) []any {
	operands := make([]any, 0, 3+6*len(settlements))
	operands = append(operands, "evalsha", s.settle.hash, len(settlements))
	for i := range settlements {
		operands = append(operands, s.key(settlements[i].Charge))
	}
	for i := range settlements {
		one := &settlements[i]
		l := &one.Charge.Limit
		kind, width, lifetime := l.kept()
		charged := l.inStore(one.Charge.Cost)
		if l.Algorithm == TokenBucket {
			width = charged
		}
		operands = append(operands, kind, one.State.At.UnixMicro(), l.inStore(one.cost())-charged, width, lifetime)
	}
	return operands
}

// kept is how the scripts keep a limit's windows: the algorithm, the width in
// microseconds, and for how many milliseconds they last if they are not used.
// That is until all buckets have left, and one bucket longer for good measure.
func (l *Limit) kept() (kind int, width, lifetime int64) {
	bucket := widthOf(l.Window)
	lifetime = leaves(1, bucket).Milliseconds() + 1
	if l.Algorithm == SlidingWindow {
		return int(l.Algorithm), bucket.Microseconds(), lifetime
	}
	return int(l.Algorithm), (l.Window + time.Microsecond - 1).Microseconds(), lifetime
}

// inStore is what the scripts count for so many units.
func (l *Limit) inStore(units int64) int64 {
	if l.Algorithm == TokenBucket {
		return filling(l, units).Microseconds()
	}
	return units
}

// manner is what the script does with a charge for which there is no room.
func (l *Limit) manner() int {
	switch {
	case l.forced:
		return 2
	case l.Shadow:
		return 1
	}
	return 0
}

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
	for i := range charges {
		verdict.States[i] = stateOf(&charges[i], reply[each*i:])
		verdict.Allowed = verdict.Allowed && (!verdict.States[i].Refused || charges[i].Limit.Shadow)
	}
	return verdict, nil
}

// stateOf is what the script replied about a charge.
func stateOf(c *Charge, reply []int64) State {
	s := State{
		Limit: c.Limit, Refused: reply[0] == 1, Remaining: reply[1],
		Reset: time.Duration(reply[2]) * time.Microsecond, RetryAfter: time.Duration(reply[3]) * time.Microsecond,
	}
	s.Never = s.Refused && c.Cost > c.Limit.Capacity()
	if c.Limit.Algorithm == TokenBucket { // which replies when it is full again
		bucket := tokens{full: s.Reset}
		s.Remaining, s.Reset = bucket.room(0, &c.Limit), bucket.reset(0, &c.Limit)
	}
	if reply[4] > 0 {
		s.At = time.UnixMicro(reply[4])
	}
	return s
}
