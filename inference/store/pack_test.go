package store

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAPackedValueComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := bytes.Repeat(rapid.SliceOf(rapid.Byte()).Draw(t, "piece"), rapid.IntRange(0, 50).Draw(t, "times"))
		packed := Pack(value)
		if len(packed) > len(value)+1 {
			t.Errorf("%d bytes became %d", len(value), len(packed))
		}
		got, err := Unpack(packed)
		if err != nil || !bytes.Equal(got, value) {
			t.Errorf("%q came back as %q, %v", value, got, err)
		}
	})
}

func TestLargeTextsTakeLessRoom(t *testing.T) {
	text := strings.Repeat(`{"smiles": "CCO", "rating": 5}`, 100)
	if packed := Pack([]byte(text)); len(packed) > len(text)/10 {
		t.Errorf("%d bytes are packed into %d", len(text), len(packed))
	}
}

// A value may be damaged, or made by somebody else. It never takes more memory
// than the bound.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{plain, 1})
	f.Add([]byte{compressed})
	f.Add(Pack(make([]byte, 32<<20)))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if value, err := Unpack(packed); err == nil && len(value) > max(len(packed), largestValue) {
			t.Errorf("%d bytes grew to %d", len(packed), len(value))
		}
	})
}
