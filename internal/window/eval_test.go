package window

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
)

func TestAScriptRunsBesideTheWindowsThoughTheServerForgotIt(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	script := NewScript(`return {redis.call('INCRBY', KEYS[1], ARGV[1]), #KEYS}`)
	for i, want := range []int64{2, 4, 6} {
		reply, err := n.Eval(t.Context(), script, []string{"sum"}, 2)
		if err != nil || !slices.Equal(reply, []int64{want, 1}) {
			t.Errorf("run %d: %v, %v", i, reply, err)
		}
		if err := server.Client().ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if sum, err := server.Client().Get(t.Context(), "{"+DefaultPrefix+"}:sum").Int(); err != nil || sum != 6 {
		t.Errorf("under the windows' prefix is %d, %v", sum, err)
	}
}

func TestAScriptThatFailsGivesRedisUpAsADecisionDoes(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 4)
	script := NewScript(`return {1}`)
	returns := n.Returns()
	server.Kill()
	if _, err := n.Eval(t.Context(), script, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a script without Redis: %v", err)
	}
	if !n.Degraded() || n.Share(20) != 5 || n.Share(3) != 1 {
		t.Errorf("left alone: %v; the share of 20 is %d, that of 3 is %d", n.Degraded(), n.Share(20), n.Share(3))
	}
	server.Restart()
	eventually.True(t, "scripts run again", func() bool {
		_, err := n.Eval(t.Context(), script, nil)
		return err == nil
	})
	if n.Returns() == returns {
		t.Error("nothing tells that Redis was away")
	}
}

func TestAScriptWhoseCallerLeftBlamesNobody(t *testing.T) {
	n := newNode(t, redistest.Start(t), 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Eval(ctx, NewScript(`return {1}`), nil); !errors.Is(err, context.Canceled) || n.Degraded() {
		t.Errorf("error %v, degraded %v", err, n.Degraded())
	}
}
