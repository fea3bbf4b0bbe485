package window

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// minLanes are kept ready for a server that is near, up to farLanes for one
	// that is far, and maxLanes is how many there may be.
	minLanes = 4
	farLanes = 16
	maxLanes = 64
	// laneLifetime is how long a lane is used, give or take a fifth, so that a
	// balancer or a changed address takes effect, for one lane at a time.
	laneLifetime = 30 * time.Minute
	// openTimeout bounds the opening of a lane.
	openTimeout = 2 * time.Second
)

// lane is a connection to Redis that is ready: it is open, has introduced
// itself, and its server knows the scripts. A command on it costs one round
// trip.
type lane struct {
	conn  *redis.Conn
	until time.Time
	// generation tells the lanes since the latest renewal from those before.
	generation int
}

// openLane prepares a connection to the server that has the windows.
func (s *Redis) openLane(ctx context.Context) (*lane, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	server, err := s.server(ctx)
	if err != nil {
		return nil, err
	}
	lifetime := laneLifetime*4/5 + rand.N(laneLifetime*2/5) //nolint:gosec // jitter needs no secrecy
	l := &lane{conn: server.EphemeralConn(), until: time.Now().Add(lifetime)}
	// A server that forbids SCRIPT LOAD gets each script when it is first needed.
	if _, err := l.conn.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		return errors.Join(pipe.ScriptLoad(ctx, s.decide.source).Err(), pipe.ScriptLoad(ctx, s.settle.source).Err())
	}); err != nil && !isReply(err) {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// send sends commands in one round trip. Each keeps its answer or its error. It
// returns the error after which the lane is of no more use.
func (l *lane) send(batch []*command) error {
	ctx := context.Background() // the client's timeouts hold
	if len(batch) == 1 {
		_ = l.conn.Process(ctx, batch[0].cmd)
	} else {
		pipe := l.conn.Pipeline()
		for _, c := range batch {
			_ = pipe.Process(ctx, c.cmd) // only queues
		}
		_, _ = pipe.Exec(ctx)
	}
	for _, c := range batch {
		if err := c.cmd.Err(); err != nil && breaks(err) {
			return err
		}
	}
	return nil
}

func (l *lane) close() error { return l.conn.Close() }

// isReply reports whether the server has sent the error, and so is there.
func isReply(err error) bool {
	_, reply := errors.AsType[redis.Error](err)
	return reply
}

// breaks reports whether an error ends the use of a connection: it is broken,
// or its server is no longer the one that has the windows.
func breaks(err error) bool {
	return !isReply(err) || redis.HasErrorPrefix(err, "READONLY") || redis.HasErrorPrefix(err, "MOVED ")
}

// redirects reports whether another node of the cluster has the windows, or
// some of them. The command was not carried out.
func redirects(err error) bool {
	return redis.HasErrorPrefix(err, "MOVED ") || redis.HasErrorPrefix(err, "ASK ")
}
