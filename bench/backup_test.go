package bench

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkBackup backs up 1 GiB that cannot be compressed, in 64 files, to a
// folder: once all of it, and once more when nothing has changed. Both times
// everything is restored and compared, as after every snapshot.
func BenchmarkBackup(b *testing.B) {
	const files, size = 64, 16 << 20
	binary, dir := build(b), b.TempDir()
	state := filepath.Join(dir, "state")
	for i := range files {
		writeNoise(b, filepath.Join(state, "files", fmt.Sprint(i)), size)
	}
	env := append(os.Environ(), "ODORDIFF_STATE="+state)
	recipient := strings.TrimSpace(run(b, env, binary, "backup", "key", filepath.Join(dir, "operator.key")))
	var again time.Duration
	for b.Loop() {
		target, err := os.MkdirTemp(dir, "target-*")
		if err != nil {
			b.Fatal(err)
		}
		run(b, env, binary, "backup", "now", "--target", target, "--recipients", recipient)
		b.StopTimer()
		start := time.Now()
		run(b, env, binary, "backup", "now", "--target", target, "--recipients", recipient)
		again += time.Since(start)
		if err := os.RemoveAll(target); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.SetBytes(files * size)
	b.ReportMetric(again.Seconds()/float64(b.N), "s-unchanged/op")
}

// writeNoise makes a file that cannot be compressed.
func writeNoise(b *testing.B, path string, size int64) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if _, err := io.CopyN(file, rand.Reader, size); err != nil {
		b.Fatal(err)
	}
}
