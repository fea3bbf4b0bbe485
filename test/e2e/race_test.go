//go:build race

package e2e

// raceEnabled says that the binary under test is to be built with the race
// detector, too.
const raceEnabled = true
