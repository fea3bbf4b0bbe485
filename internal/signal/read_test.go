package signal

import (
	"errors"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// A text must not be taken for one that hides something because there was no
// time to decode it.
func TestALackOfTimeIsNoSignal(t *testing.T) {
	dictionary, err := term.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &Knowledge{Dictionary: dictionary, Harmless: -1, Guard: guard.Default()}
	const text = "rose bGlrZSBzYXJpbiBhbmQgaXJpcw== iris"
	if _, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return true }); !errors.Is(err, textnorm.ErrExpired) {
		t.Errorf("error = %v", err)
	}
	s, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return false })
	if err != nil || s.Truncated || len(s.Layers) != 1 {
		t.Errorf("signals = %+v, error = %v", s, err)
	}
}
