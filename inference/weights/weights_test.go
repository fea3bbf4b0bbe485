package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// seal makes a file of a header and a payload.
func seal(header string, payload []byte) []byte {
	data := []byte(Magic)
	data = binary.LittleEndian.AppendUint32(data, Version)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(header)))
	return checksum(append(append(data, header...), payload...))
}

func checksum(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(body, sum[:]...)
}

func TestReadsWhatTheTrainerWrote(t *testing.T) {
	data, err := os.ReadFile("testdata/small.weights")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	half, err := f.Tensor("half", 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{0, 1, -2.5, 65504, 0x1p-24, -0x1p-14}; !slices.Equal(half, want) {
		t.Errorf("half is %v, want %v", half, want)
	}
	single, err := f.Tensor("single", 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{math.Pi, -1e30}; !slices.Equal(single, want) {
		t.Errorf("single is %v, want %v", single, want)
	}
	var metadata struct{ Labels []string }
	if err := f.Metadata(&metadata); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(metadata.Labels, []string{"sweet", "rosé"}) {
		t.Errorf("labels %q", metadata.Labels)
	}
}

func TestHalfOfEveryFiniteNumberIsExact(t *testing.T) {
	for h := range uint16(0x7c00) {
		exponent, fraction := int(h>>10), float64(h&0x3ff)
		want := math.Ldexp(fraction, -24)
		if exponent > 0 {
			want = math.Ldexp(1024+fraction, exponent-25)
		}
		if got := fromHalf(h); float64(got) != want {
			t.Fatalf("%#04x is %v, want %v", h, got, want)
		}
		if got := fromHalf(h | 0x8000); float64(got) != -want {
			t.Fatalf("%#04x is %v, want %v", h|0x8000, got, -want)
		}
	}
}

func TestRefuses(t *testing.T) {
	good := seal(`{"tensors":[{"name":"a","shape":[1],"dtype":"float16"}]}`, []byte{0, 0})
	if _, err := Read(good); err != nil {
		t.Fatal(err)
	}
	damaged := slices.Clone(good)
	damaged[20] ^= 1
	newer := slices.Clone(good[:len(good)-sha256.Size])
	newer[len(Magic)] = 2
	long := slices.Clone(good[:len(good)-sha256.Size])
	binary.LittleEndian.PutUint32(long[len(Magic)+4:], math.MaxUint32)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"an empty file":          {nil, "not a file of weights"},
		"another format":         {[]byte("GGUF, or what else there is of formats that hold weights"), "not a file of weights"},
		"a file cut short":       {good[:30], "cut short"},
		"a flipped bit":          {damaged, "checksum"},
		"a newer version":        {checksum(newer), "version 2"},
		"a header beyond itself": {checksum(long), "header of 4294967295 bytes"},
		"a header that is not JSON": {
			seal(`{"tensors":`, nil), "reading the header",
		},
		"an unknown dtype": {
			seal(`{"tensors":[{"name":"a","shape":[1],"dtype":"int8"}]}`, []byte{0}), `unknown dtype "int8"`,
		},
		"a tensor twice": {
			seal(`{"tensors":[{"name":"a","shape":[1],"dtype":"float16"},{"name":"a","shape":[1],"dtype":"float16"}]}`,
				[]byte{0, 0, 0, 0}), "twice",
		},
		"a scalar": {
			seal(`{"tensors":[{"name":"a","shape":[],"dtype":"float16"}]}`, []byte{0, 0}), "0 dimensions",
		},
		"a negative dimension": {
			seal(`{"tensors":[{"name":"a","shape":[-1,-1],"dtype":"float16"}]}`, []byte{0, 0}), "dimension -1",
		},
		"a tensor larger than the payload": {
			seal(`{"tensors":[{"name":"a","shape":[2],"dtype":"float16"}]}`, []byte{0, 0}), "more than the 1 values left",
		},
		"dimensions whose product overflows": {
			seal(`{"tensors":[{"name":"a","shape":[4294967296,4294967296,4],"dtype":"float16"}]}`, []byte{0, 0}), "more than",
		},
		"bytes left over": {
			seal(`{"tensors":[{"name":"a","shape":[1],"dtype":"float16"}]}`, []byte{0, 0, 0}), "1 bytes after",
		},
		"a float16 infinity": {
			seal(`{"tensors":[{"name":"a","shape":[1],"dtype":"float16"}]}`, []byte{0, 0x7c}), "value 0 is not a finite number",
		},
		"a float32 that is no number": {
			seal(`{"tensors":[{"name":"a","shape":[1],"dtype":"float32"}]}`, []byte{1, 0, 0xc0, 0x7f}), "value 0 is not a finite number",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(c.data)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestTensorMustHaveTheShapeAskedFor(t *testing.T) {
	f, err := Read(seal(`{"tensors":[{"name":"a","shape":[2,1],"dtype":"float16"}]}`, []byte{0, 0, 0, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tensor("a", 1, 2); err == nil {
		t.Error("a transposed shape is accepted")
	}
	if _, err := f.Tensor("b", 2, 1); err == nil {
		t.Error("a tensor that is not there is found")
	}
	if err := f.Metadata(new(any)); err == nil {
		t.Error("metadata that is not there is found")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"tensors":[{"name":"a","shape":[1,2],"dtype":"float16"}],"metadata":{"labels":["sweet"]}}`, []byte{0, 0, 1, 2})
	f.Add(`{"tensors":[{"name":"a","shape":[1],"dtype":"float32"}]}`, []byte{0, 0, 1, 2})
	f.Add(`{"tensors":[{"name":"","shape":[99999999999],"dtype":"float32"}]}`, []byte{})
	f.Add(`[]`, []byte{})
	f.Fuzz(func(t *testing.T, header string, payload []byte) {
		if _, err := Read(append([]byte(header), payload...)); err == nil && !strings.HasPrefix(header, Magic) {
			t.Error("a file without the magic is read")
		}
		file, err := Read(seal(header, payload))
		if err != nil {
			return
		}
		values := 0
		for _, tensor := range file.tensors {
			values += len(tensor.values)
		}
		if 2*values > len(payload) {
			t.Errorf("%d values out of %d bytes", values, len(payload))
		}
	})
}
