package job

import (
	"context"
	"errors"
	"fmt"
)

// Faults of a server that works, and that may lose what it acknowledged.
var (
	ErrVolatile = errors.New("redis keeps jobs in memory alone, and a restart takes them: set appendonly yes")
	ErrEvicts   = errors.New("redis may evict jobs once its memory is full: set maxmemory-policy noeviction")
)

// Check returns what is wrong with the server, nil for nothing: it takes no
// jobs ([ErrUnavailable]), or it may lose them. A server that does not tell its
// settings, as some do not, is taken to be well.
func (q *Redis) Check(ctx context.Context) error {
	if err := q.probe(ctx); err != nil {
		return err
	}
	settings := q.settings(ctx, "appendonly", "maxmemory", "maxmemory-policy")
	limited := settings["maxmemory"] != "" && settings["maxmemory"] != "0"
	switch {
	case settings["appendonly"] == "no":
		return ErrVolatile
	case limited && settings["maxmemory-policy"] != "" && settings["maxmemory-policy"] != "noeviction":
		return fmt.Errorf("%w (it is %s)", ErrEvicts, settings["maxmemory-policy"])
	}
	return nil
}

// probe returns an error if the server does not run scripts that write.
func (q *Redis) probe(ctx context.Context) error {
	_, err := q.run(ctx, "probing", probeScript)
	return err
}

// settings returns those of the server's settings that it tells.
func (q *Redis) settings(ctx context.Context, names ...string) map[string]string {
	told := map[string]string{}
	for _, name := range names {
		values, err := q.client.ConfigGet(ctx, name).Result()
		if err != nil {
			continue
		}
		told[name] = values[name]
	}
	return told
}
