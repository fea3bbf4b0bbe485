//go:build race

package bench

// raceEnabled says that the binary under test is to be built with the race detector, too.
const raceEnabled = true
