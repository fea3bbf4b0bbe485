package formdata

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines writes a body: its lines end with CRLF.
func lines(text ...string) []byte { return []byte(strings.Join(text, "\r\n") + "\r\n") }

// one is a form with a single part of such a header.
func one(header ...string) []byte {
	return lines(append(append([]string{"--b"}, header...), "", "content", "--b--")...)
}

const named = `Content-Disposition: form-data; name="a"`

func TestWhatClientsSendIsRead(t *testing.T) {
	for name, tc := range map[string]struct {
		body []byte
		want []Part
	}{
		"fields and a file, as browsers send them": {
			lines("--b", named, "", "rose", "--b", `Content-Disposition: form-data; name="file"; filename="Blüte %22a%22.mp3"`, "Content-Type: audio/mpeg", "", "ID3\r\n\x00\xff", "--b--"),
			[]Part{{Name: "a", Content: []byte("rose")}, {Name: "file", IsFile: true, Filename: "Blüte %22a%22.mp3", Type: "audio/mpeg", Content: []byte("ID3\r\n\x00\xff")}},
		},
		"no file chosen":              {lines("--b", named+`; filename=""`, "Content-Type: application/octet-stream", "", "", "--b--"), []Part{{Name: "a", IsFile: true, Type: "application/octet-stream", Content: []byte{}}}},
		"no line behind the end":      {bytes.TrimSuffix(one(named), []byte("\r\n")), []Part{{Name: "a", Content: []byte("content")}}},
		"an empty field":              {lines("--b", named, "", "", "--b--"), []Part{{Name: "a", Content: []byte{}}}},
		"hyphens before the boundary": {lines("--b", named, "", "--", "-", "--b--"), []Part{{Name: "a", Content: []byte("--\r\n-")}}},
		".NET":                        {one(`Content-Type: text/plain; charset=utf-8`, `Content-Disposition: form-data; name=a`), []Part{{Name: "a", Type: "text/plain", Content: []byte("content")}}},
		"a file of .NET":              {one(`Content-Disposition: form-data; name=a; filename=b.wav; filename*=utf-8''b.wav`), []Part{{Name: "a", IsFile: true, Filename: "b.wav", Content: []byte("content")}}},
		"Java":                        {one(named, "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit"), []Part{{Name: "a", Type: "text/plain", Content: []byte("content")}}},
		"OkHttp":                      {one(named, "Content-Length: 7"), []Part{{Name: "a", Content: []byte("content")}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tc.body, "b", 10)
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("error %v, -want +got:\n%s", err, diff)
			}
		})
	}
}

func TestWhatTwoReadersMayTakeForDifferentFormsIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		body []byte
		want string
	}{
		"nothing":                         {nil, "does not begin with its boundary"},
		"a preamble":                      {append([]byte("x\r\n"), one(named)...), "does not begin with its boundary"},
		"an epilogue":                     {append(one(named), "x"...), "goes on behind its last boundary"},
		"a part behind the end":           {append(one(named), one(named)...), "goes on behind its last boundary"},
		"no parts":                        {[]byte("--b--\r\n"), "has no parts"},
		"too many parts":                  {lines("--b", named, "", "", "--b", named, "", "", "--b", named, "", "", "--b--"), "more than 2 parts"},
		"no end":                          {lines("--b", named, "", "x"), "part 1 has no end"},
		"a longer boundary":               {lines("--b", named, "", "x", "--bc", named, "", "x", "--b--"), "part 2 begins on the line of its boundary"},
		"a padded boundary":               {lines("--b ", named, "", "x", "--b--"), "part 1 begins on the line of its boundary"},
		"line feeds only":                 {[]byte("--b\n" + named + "\n\nx\n--b--\n"), "part 1 begins on the line of its boundary"},
		"a boundary behind a line feed":   {[]byte("--b\r\n" + named + "\r\n\r\nx\n--b\r\n"), "part 1 has the boundary within a line"},
		"a boundary within a line":        {lines("--b", named, "", "x--b", "--b--"), "part 1 has the boundary within a line"},
		"no header":                       {lines("--b", "", "x", "--b--"), "has no empty line"},
		"no empty line":                   {lines("--b", named, "--b--"), "has no empty line"},
		"a long header":                   {one(named, "Content-Type: text/"+strings.Repeat("x", maxHead)), "more than 4096 bytes"},
		"a folded header":                 {one(`Content-Disposition: form-data;`, ` name="a"`), "other than form-data"},
		"a header twice":                  {one(named, named), "twice"},
		"a header twice, but for case":    {one(named, "content-disposition: form-data; name=c"), "twice"},
		"a space before the colon":        {one("Content-Disposition : form-data; name=a"), "does not need"},
		"another header":                  {one(named, "X-Name: b"), "does not need"},
		"a bare carriage return":          {one(named + "\rContent-Type: text/plain"), "control character"},
		"a NUL":                           {one("Content-Disposition: form-data; name=\"a\x00\""), "control character"},
		"a header in Latin 1":             {one("Content-Disposition: form-data; name=\"a\xe9\""), "not in UTF-8"},
		"no disposition":                  {one("Content-Type: text/plain"), "no Content-Disposition"},
		"another disposition":             {one(`Content-Disposition: attachment; name="a"`), "other than form-data"},
		"no name":                         {one(`Content-Disposition: form-data; filename="a"`), "has no name"},
		"an empty name":                   {one(`Content-Disposition: form-data; name=""`), "has no name"},
		"two names":                       {one(`Content-Disposition: form-data; name="a"; name="c"`), "other than form-data"},
		"two names, but for case":         {one(`Content-Disposition: form-data; name="a"; NAME="c"`), "other than form-data"},
		"an escape":                       {one(`Content-Disposition: form-data; name="a\"; name=\"c"`), "other than form-data"},
		"a name in pieces":                {one(`Content-Disposition: form-data; name*0="a"; name*1="c"`), "other than form-data"},
		"an encoded name":                 {one(`Content-Disposition: form-data; name*=utf-8''a`), "other than form-data"},
		"another parameter":               {one(named + `; size=7`), "other than form-data"},
		"a semicolon at the end":          {one(named + `;`), "other than form-data"},
		"two file names":                  {one(named + `; filename="c"; filename*=utf-8''d`), "differs from its filename"},
		"an encoded file name only":       {one(named + `; filename*=utf-8''d`), "differs from its filename"},
		"base64":                          {one(named, "Content-Transfer-Encoding: base64"), "is encoded"},
		"quoted-printable":                {one(named, "Content-Transfer-Encoding: Quoted-Printable"), "is encoded"},
		"another length":                  {one(named, "Content-Length: 6"), "another length"},
		"parts in a part":                 {one(named, "Content-Type: multipart/mixed; boundary=c"), "parts of its own"},
		"parts in a file":                 {one(named+`; filename="c"`, "Content-Type: multipart/mixed; boundary=c"), "parts of its own"},
		"a message":                       {one(named+`; filename="c"`, "Content-Type: message/rfc822"), "parts of its own"},
		"another charset":                 {one(named, "Content-Type: text/plain; charset=utf-7"), "parameters other than charset=utf-8"},
		"another charset of a file":       {one(named+`; filename="c"`, "Content-Type: text/csv; charset=utf-7"), "parameters other than charset=utf-8"},
		"content without a file's name":   {one(named + `; filename=""`), "an empty file name"},
		"brackets without quotes":         {one("Content-Disposition: form-data; name=a[b]"), "other than form-data"},
		"a charset for all, in capitals":  {one(`Content-Disposition: form-data; name="_CHARSET_"`), "names a charset for the others"},
		"a charset for all":               {one(`Content-Disposition: form-data; name="_charset_"`), "names a charset for the others"},
		"JSON in a field":                 {one(named, "Content-Type: application/json"), "media type other than text/plain"},
		"a field that is not in UTF-8":    {lines("--b", named, "", "\xff", "--b--"), "not in UTF-8"},
		"no media type in a Content-Type": {one(named, "Content-Type: text"), "not a media type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tc.body, "b", 2)
			if _, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestABoundaryIsReadInOneWayOnly(t *testing.T) {
	for header, want := range map[string]string{
		"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW": "----WebKitFormBoundary7MA4YWxkTrZu0gW",
		"Multipart/Form-Data;Boundary=b":                                      "b",
		`multipart/form-data; boundary="===============123=="`:                "===============123==",
		"multipart/form-data":                                                 "",
		"multipart/form-data; boundary=":                                      "",
		`multipart/form-data; boundary=""`:                                    "",
		`multipart/form-data; boundary="b`:                                    "",
		"multipart/form-data; boundary=b; boundary=c":                         "",
		"multipart/form-data; boundary=b; charset=utf-8":                      "",
		"multipart/form-data; boundary*=utf-8''b":                             "",
		"multipart/form-data; boundary*0=b; boundary*1=c":                     "",
		"multipart/form-data; boundary=b, multipart/form-data; boundary=c":    "",
		`multipart/form-data; boundary="b\c"`:                                 "",
		`multipart/form-data; boundary="b "`:                                  "",
		"multipart/form-data; boundary=b ":                                    "",
		"multipart/form-data; boundary=" + strings.Repeat("b", 71):            "",
		"multipart/mixed; boundary=b":                                         "",
		"application/json; boundary=b":                                        "",
		"multipart/form-data; boundary=b\n":                                   "",
		"multipart/form-data; charset=utf-8; boundary=b":                      "",
		"multipart/form-data; boundary=\u212a":                                "",
	} {
		if got, ok := Boundary(header); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", header, got, ok, want)
		}
	}
}

// What is read at all is what the standard library reads.
func FuzzParse(f *testing.F) {
	f.Add(one(named), "b")
	f.Add(one(`Content-Disposition: form-data; name=a; filename=b.wav; filename*=utf-8''b%2Ewav`, "Content-Type: audio/wav; codecs=1"), "b")
	f.Add(lines("--b", named, "", "rose", "--b", `Content-Disposition: form-data; name="c[]"; filename="x"`, "", "--", "--b--"), "b")
	f.Add(lines("---", named, "", "-", "-----"), "-")
	f.Fuzz(func(t *testing.T, body []byte, boundary string) {
		if read, ok := Boundary("multipart/form-data; boundary=" + boundary); !ok || read != boundary {
			return
		}
		parts, err := Parse(body, boundary, 20)
		if err != nil {
			return
		}
		theirs, err := standard(body, boundary)
		if diff := cmp.Diff(theirs, parts, cmp.Comparer(bytes.Equal)); err != nil || diff != "" {
			t.Errorf("error %v, -theirs +ours:\n%s", err, diff)
		}
	})
}

// standard reads a body with the standard library.
func standard(body []byte, boundary string) (parts []Part, err error) {
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		read := Part{Content: content}
		if read.Name, read.Filename, read.IsFile, err = disposition(part.Header); err != nil {
			return nil, err
		}
		if written := part.Header.Get("Content-Type"); written != "" {
			if read.Type, _, err = mime.ParseMediaType(written); err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
				return nil, err
			}
		}
		parts = append(parts, read)
	}
}

func disposition(header textproto.MIMEHeader) (name, filename string, isFile bool, err error) {
	_, parameters, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	filename, isFile = parameters["filename"]
	return parameters["name"], filename, isFile, err
}
