package ladder

import (
	"encoding/binary"
	"net/http"
)

// pack writes a header as one text: of each field the name, the number of its
// values and the values, each text after its length.
func pack(header http.Header) []byte {
	size := 0
	for name, values := range header {
		size += len(name) + 2*binary.MaxVarintLen16
		for _, value := range values {
			size += len(value) + binary.MaxVarintLen16
		}
	}
	packed := make([]byte, 0, size)
	for name, values := range header {
		packed = appendText(packed, name)
		packed = binary.AppendUvarint(packed, uint64(len(values)))
		for _, value := range values {
			packed = appendText(packed, value)
		}
	}
	return packed
}

func appendText(packed []byte, text string) []byte {
	return append(binary.AppendUvarint(packed, uint64(len(text))), text...)
}

// unpack returns a new header with what was packed.
func unpack(packed []byte) http.Header {
	header := make(http.Header)
	rest := unpacker(packed)
	for len(rest) > 0 {
		name := rest.text()
		values := make([]string, rest.number())
		for i := range values {
			values[i] = rest.text()
		}
		header[name] = values
	}
	return header
}

// unpacker is what is left of a packed header.
type unpacker []byte

func (u *unpacker) number() int {
	n, width := binary.Uvarint(*u)
	*u = (*u)[width:]
	return int(n) // We wrote a length.
}

func (u *unpacker) text() string {
	length := u.number()
	text := string((*u)[:length])
	*u = (*u)[length:]
	return text
}
