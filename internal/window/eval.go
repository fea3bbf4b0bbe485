package window

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Script is a Lua script and the hash by which a server knows it once it ran.
// It returns a list of integers.
type Script struct{ source, hash string }

// NewScript returns the script with that source.
func NewScript(source string) Script {
	return Script{source: source, hash: redis.NewScript(source).Hash()}
}

// Eval runs a script on what is kept beside the windows, in one round trip, on
// the connections of decisions and with their deadlines. Keys get the store's
// prefix, so that all of them are in the hash slot of the windows. As a charge
// is, the script is sent once at most: after an error it is unknown whether it
// ran.
func (s *Redis) Eval(ctx context.Context, script Script, keys []string, arguments ...any) ([]int64, error) {
	operands := make([]any, 0, 3+len(keys)+len(arguments))
	operands = append(operands, "evalsha", script.hash, len(keys))
	for _, key := range keys {
		operands = append(operands, s.prefix+key)
	}
	return s.eval(ctx, script, append(operands, arguments...), s.batcher.process)
}

// eval sends a script by its hash and, to a server that does not know it, in
// full. What another node of a cluster has to decide is sent there. The
// operands are those of EVALSHA.
func (s *Redis) eval(ctx context.Context, script Script, operands []any, process func(context.Context, oneShot) error) ([]int64, error) {
	cmd := oneShot{redis.NewCmd(ctx, operands...)}
	err := process(ctx, cmd)
	if redirects(err) {
		process = s.follow
		cmd = oneShot{redis.NewCmd(ctx, operands...)}
		err = process(ctx, cmd)
	}
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		operands[0], operands[1] = "eval", script.source
		cmd = oneShot{redis.NewCmd(ctx, operands...)}
		err = process(ctx, cmd)
	}
	if err != nil {
		return nil, err
	}
	return cmd.Int64Slice()
}

// Eval runs a script in the shared store, see [Redis.Eval]. It is for what is
// kept beside the windows and shall be given up and taken up with them. The
// error wraps [ErrUnavailable] if the store is left alone or has failed, which
// counts as a decision's failure does.
func (f *Failover) Eval(ctx context.Context, script Script, keys []string, arguments ...any) ([]int64, error) {
	err := f.reach(ctx)
	if err == nil {
		var reply []int64
		if reply, err = f.shared.Eval(ctx, script, keys, arguments...); err == nil {
			return reply, nil
		}
		if ctx.Err() == nil {
			f.blame(err)
			if f.options.OnError != nil {
				f.options.OnError(err)
			}
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// Share returns this node's part of what all nodes may have together, while the
// shared store is gone; at least 1.
func (f *Failover) Share(whole int64) int64 { return max(1, whole/f.nodes.Load()) }

// Returns counts how often the shared store was reached after it was not. Who
// keeps something there learns from a new number that the store may have
// forgotten it.
func (f *Failover) Returns() int64 { return f.returns.Load() }
