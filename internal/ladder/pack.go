package ladder

import (
	"encoding/binary"
	"net/http"
)

// appendField writes a field of a header: its name, the number of its values
// and the values, each text after its length.
func appendField(packed []byte, name string, values []string) []byte {
	packed = appendText(packed, name)
	packed = binary.AppendUvarint(packed, uint64(len(values)))
	for _, value := range values {
		packed = appendText(packed, value)
	}
	return packed
}

func appendText(packed []byte, text string) []byte {
	return append(binary.AppendUvarint(packed, uint64(len(text))), text...)
}

// unpacker is what is left of a packed record.
type unpacker []byte

func (u *unpacker) number() int {
	n, width := binary.Uvarint(*u)
	*u = (*u)[width:]
	return int(n) // We wrote a length or a status.
}

func (u *unpacker) text() string {
	length := u.number()
	text := string((*u)[:length])
	*u = (*u)[length:]
	return text
}

// header reads a number of fields and so many fields.
func (u *unpacker) header() http.Header {
	fields := u.number()
	header := make(http.Header, fields)
	for range fields {
		name := u.text()
		values := make([]string, u.number())
		for i := range values {
			values[i] = u.text()
		}
		header[name] = values
	}
	return header
}
