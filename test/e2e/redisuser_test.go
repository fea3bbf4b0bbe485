package e2e

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
)

const redisPassword = "test-password"

// TestRedisNeedsToPermitNoMoreThanThePageSays makes the users that the page
// documents, and does with them all that asks Redis for something.
func TestRedisNeedsToPermitNoMoreThanThePageSays(t *testing.T) {
	t.Parallel()
	users := redisUsersOnPage(t)
	server := startRedis(t)
	permit(t, server, users.gateway, users.backend)
	url := func(user string) string { return "redis://" + user + ":" + redisPassword + "@" + server.Addr }
	e := layout(t)
	e.startBackend(t, "--jobs", url("backend"))
	e.startWith(t, "{env.ODORDIFF_REDIS}", url("gateway")+inTime)
	e.usesRedis(t)
	header := bearer(e.token(t))
	path := e.submit(t, header, batchOf(t, slices.Repeat([]string{"rose"}, 2), `, "steps": 4, "num_molecules": 1`))
	if lines := e.results(t, header, path); len(lines) != 3 {
		t.Errorf("the job has %d lines, want two results and the end", len(lines))
	}
	e.send(t, http.MethodDelete, path, header, "")
}

func TestAClusterNeedsToPermitNoMoreThanThePageSays(t *testing.T) {
	t.Parallel()
	users := redisUsersOnPage(t)
	cluster := redistest.StartCluster(t)
	for _, node := range slices.Concat(cluster.Masters, cluster.Replicas) {
		permit(t, node, users.gateway, users.cluster)
	}
	e := layout(t)
	e.startBackend(t)
	e.startWith(t, "{env.ODORDIFF_REDIS}", "redis://gateway:"+redisPassword+"@"+strings.TrimPrefix(cluster.URL(), "redis://")+inTime)
	e.usesRedis(t)
}

func TestSentinelsNeedToPermitNoMoreThanThePageSays(t *testing.T) {
	t.Parallel()
	users := redisUsersOnPage(t)
	them := redistest.StartSentinels(t, "")
	permit(t, them.Primary, users.gateway)
	for _, one := range them.Them {
		permit(t, one, users.watcher)
	}
	e := layout(t)
	e.startBackend(t)
	e.startWith(t, "{env.ODORDIFF_REDIS}", "redis://gateway:"+redisPassword+"@"+strings.TrimPrefix(them.URL(), "redis://")+
		"&sentinel_user=watcher&sentinel_password="+redisPassword+inTime)
	e.usesRedis(t)
}

// usesRedis has limits and signatures decided in Redis, and its health checked.
// It overrides a limit, and forgets what was used.
func (e *edge) usesRedis(t *testing.T) {
	t.Helper()
	e.generate(t, e.token(t), prompt).wantOK(t)
	signed := e.sign(t, prompt)
	e.send(t, http.MethodPost, generatePath, signed, prompt).wantOK(t)
	e.send(t, http.MethodPost, generatePath, signed, prompt).wantProblem(t, http.StatusUnauthorized, "credential-replayed")
	operator := bearer(e.token(t, "--scope", "operator"))
	eventually.True(t, "Redis is healthy", func() bool {
		return strings.Contains(string(e.send(t, http.MethodGet, "/health", operator, "").body), "takes charges and nonces")
	})
	e.limits(t, "set", "principal", "alice", "--rate", "5", "--for", "1h")
	e.limits(t, "set", "principal", "alice", "--remove")
	e.limits(t, "reset", "principal", "alice")
}

// permit runs commands that make or change users of Redis. At the end, nothing
// may have been refused to them.
func permit(t *testing.T, server *redistest.Server, commands ...string) {
	t.Helper()
	admin := server.Client()
	for _, command := range commands {
		var arguments []any
		for argument := range strings.FieldsSeq(strings.ReplaceAll(command, ">PASSWORD", ">"+redisPassword)) {
			arguments = append(arguments, argument)
		}
		if err := admin.Do(t.Context(), arguments...).Err(); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	t.Cleanup(func() {
		for _, entry := range admin.ACLLog(context.Background(), 100).Val() {
			t.Errorf("%s may not use %s (%s)", entry.Username, entry.Object, entry.Reason)
		}
	})
}

// redisUsers are the commands that make users, and the gateway's in a cluster.
type redisUsers struct{ gateway, backend, cluster, watcher string }

func redisUsersOnPage(t *testing.T) redisUsers {
	t.Helper()
	const page = "../../docs/gateway/gate.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", "")) {
		if strings.HasPrefix(line, "ACL SETUSER ") {
			commands = append(commands, line)
		}
	}
	if len(commands) != 4 {
		t.Fatalf("%s has %d commands, want four", page, len(commands))
	}
	return redisUsers{commands[0], commands[1], commands[2], commands[3]}
}
