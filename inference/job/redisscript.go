package job

import (
	"embed"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// What a script may do on a server that is full or a replica.
const (
	reads     = "flags=no-writes" // it needs neither room nor a primary
	frees     = "flags=allow-oom" // it needs little room, or gives some back
	needsRoom = ""                // a full server refuses it before it begins
)

// The scripts. What was begun can be finished on a full server: how much that
// takes is bounded by what is in hand, for nothing more is begun.
var (
	submitScript  = newScript("submit", needsRoom)
	takeScript    = newScript("take", needsRoom)
	probeScript   = newScript("probe", needsRoom)
	renewScript   = newScript("renew", frees)
	finishScript  = newScript("finish", frees)
	releaseScript = newScript("release", frees)
	cancelScript  = newScript("cancel", frees)
	sweepScript   = newScript("sweep", frees)
	jobScript     = newScript("job", reads)
	listScript    = newScript("list", reads)
	resultsScript = newScript("results", reads)
)

func newScript(name, flags string) *redis.Script {
	return redis.NewScript("#!lua " + flags + "\n" + source("books") + source(name))
}

func source(name string) string {
	text, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // it is built in
	}
	return string(text)
}

// verdicts are what scripts say in place of an answer.
var verdicts = map[string]error{
	"none": ErrNotFound, "reused": ErrReused, "share": ErrShareFull, "jobs": ErrTooManyJobs, "full": ErrFull, "lost": ErrLost,
}

var errReply = errors.New("the reply is not of this version's scripts")

// answer is a part of a script's reply, read from its beginning. After the
// first error it has zeros alone.
type answer struct {
	parts []any
	err   error
}

func (a *answer) next() any {
	if a.err == nil && len(a.parts) == 0 {
		a.err = errReply
	}
	if a.err != nil {
		return nil
	}
	part := a.parts[0]
	a.parts = a.parts[1:]
	return part
}

// more reports whether something is left to be read.
func (a *answer) more() bool { return a.err == nil && len(a.parts) > 0 }

func (a *answer) text() string {
	switch part := a.next().(type) {
	case string:
		return part
	case int64:
		return strconv.FormatInt(part, 10)
	case nil: // it is absent, or there was an error before
		return ""
	default:
		a.err = fmt.Errorf("%w: a %T", errReply, part)
		return ""
	}
}

func (a *answer) number() int64 {
	text := a.text()
	if a.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		a.err = fmt.Errorf("%w: %q is no number", errReply, text)
	}
	return n
}

// part returns an answer within the answer.
func (a *answer) part() *answer {
	parts, ok := a.next().([]any)
	if !ok && a.err == nil {
		a.err = errReply
	}
	return &answer{parts: parts, err: a.err}
}
