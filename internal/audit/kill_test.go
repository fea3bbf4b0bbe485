package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/audit"
)

// writeUntilKilled is the process that the test kills: it writes events from
// several goroutines, and prints the id of each that is acknowledged.
func writeUntilKilled(folder string) {
	options := audit.Options{
		Folder: folder, Sync: audit.Sync(os.Getenv("AUDIT_TEST_SYNC")), MaxSize: audit.MinSize, SignAfter: 20,
		Strict: true, // A process that was killed does not roll back.
	}
	if text := os.Getenv("AUDIT_TEST_RECIPIENT"); text != "" {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			panic(err)
		}
		options.Recipients = []age.Recipient{recipient}
	}
	trail, err := audit.Open(options)
	if err != nil {
		panic(err)
	}
	var stdout sync.Mutex
	for writer := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv("AUDIT_TEST_ROUND"), writer, i)
				event := audit.Event{Name: "x", Request: id, Fields: []audit.Field{audit.Text("text", strings.Repeat("x", i%3000))}}
				if err := trail.Append(context.Background(), event); err != nil {
					panic(err)
				}
				stdout.Lock()
				fmt.Println(id)
				stdout.Unlock()
			}
		}()
	}
	select {}
}

func TestAKilledProcessLosesNothingThatItAcknowledged(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	someone := identity(t)
	for _, policy := range []audit.Sync{audit.SyncGroup, audit.SyncInterval} {
		t.Run(string(policy), func(t *testing.T) {
			folder := t.TempDir()
			var acknowledged []string
			for round := range rounds {
				acknowledged = append(acknowledged, killedWriter(t, folder, round, policy, someone)...)
			}
			closeTrail(t, open(t, audit.Options{Folder: folder})) // repairs the end
			there := requests(t, folder, someone)
			slices.Sort(there)
			for _, id := range acknowledged {
				if _, found := slices.BinarySearch(there, id); !found {
					t.Errorf("%s was acknowledged, and is lost", id)
				}
			}
			if len(acknowledged) < rounds {
				t.Errorf("only %d events in %d rounds", len(acknowledged), rounds)
			}
			t.Logf("%d killed writers, %d acknowledged events, %d in the trail", rounds, len(acknowledged), len(there))
		})
	}
}

// killedWriter kills a process that writes, and returns the ids that it
// acknowledged.
func killedWriter(t *testing.T, folder string, round int, policy audit.Sync, to *age.X25519Identity) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "AUDIT_TEST_WRITE_TO="+folder, "AUDIT_TEST_ROUND="+strconv.Itoa(round),
		"AUDIT_TEST_SYNC="+string(policy), "AUDIT_TEST_RECIPIENT="+to.Recipient().String())
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	kill := 1 + rand.IntN(300)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		ids = append(ids, lines.Text())
		if len(ids) == kill {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // It was killed.
	if len(ids) > 0 && strings.Count(ids[len(ids)-1], "-") != 2 {
		ids = ids[:len(ids)-1] // cut off by the end of the process
	}
	return ids
}
