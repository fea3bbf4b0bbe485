package ladder

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestRecordsStayWhatTheyAreWhileOthersComeAndGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 64 * blockSize
		b, err := newBlocks(size)
		if err != nil {
			t.Fatal(err)
		}
		type record struct {
			first uint32
			bytes []byte
		}
		var records []record
		free := int64(size / blockSize)
		for i := range rapid.IntRange(1, 80).Draw(t, "steps") {
			length := rapid.Int64Range(0, 5*payloadSize).Draw(t, "length")
			if needed := blocksFor(length, payloadSize); needed <= free {
				content := bytes.Repeat([]byte{byte(i)}, int(length))
				cut := rapid.Int64Range(0, length).Draw(t, "cut")
				records = append(records, record{b.write(content[:cut], content[cut:]), content})
				free -= needed
				continue
			}
			gone := rapid.IntRange(0, len(records)-1).Draw(t, "gone")
			b.giveBack(records[gone].first)
			free += blocksFor(int64(len(records[gone].bytes)), payloadSize)
			records = append(records[:gone], records[gone+1:]...)
		}
		for _, r := range records {
			if got := b.read(r.first, int64(len(r.bytes))); !bytes.Equal(got, r.bytes) {
				t.Fatalf("a record of %d bytes is another now", len(r.bytes))
			}
		}
		if int64(b.used) > size/blockSize {
			t.Fatalf("%d blocks are used of %d", b.used, size/blockSize)
		}
	})
}
