package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// writerVariable makes the test binary a process that writes to the store that
// the variable names.
const writerVariable = "STORE_TEST_WRITER"

// writeUntilKilled writes notes from several goroutines and says the number of
// each on its standard output once it was acknowledged.
func writeUntilKilled(path string) {
	s, err := Open(context.Background(), Config{Path: path, Checkpoint: 20})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	first, err := strconv.Atoi(os.Getenv(writerVariable + "_FROM"))
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for number := first + worker; ; number += 8 {
				if err := s.Write(context.Background(), note(number)); err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
				fmt.Println(number)
			}
		})
	}
	all.Wait()
}

// A process is killed while it writes, again and again. What it had said is
// written is there.
func TestAKilledProcessLosesNothingThatWasAcknowledged(t *testing.T) {
	path := fresh(t)
	if err := open(t, path, nil).Close(); err != nil {
		t.Fatal(err)
	}
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	var acknowledged []int
	for round := range rounds {
		acknowledged = append(acknowledged, writeAndKill(t, path, round*1_000_000, 1+rand.IntN(200))...)
		s := open(t, path, nil)
		got := notes(t, s)
		for _, number := range acknowledged {
			if _, found := slices.BinarySearch(got, number); !found {
				t.Fatalf("round %d: note %d was acknowledged and is lost", round, number)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d notes were acknowledged in %d rounds, and kept", len(acknowledged), rounds)
}

// writeAndKill starts a process that writes, kills it after so many notes were
// acknowledged, and returns all that it had acknowledged.
func writeAndKill(t *testing.T, path string, from, after int) (acknowledged []int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), writerVariable+"="+path, writerVariable+"_FROM="+strconv.Itoa(from))
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		number, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Errorf("the process says %s", lines.Text())
			break
		}
		if acknowledged = append(acknowledged, number); len(acknowledged) == after {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	return acknowledged
}
