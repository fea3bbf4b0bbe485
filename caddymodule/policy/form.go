package policy

import (
	"errors"
	"net/http"
	"strings"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/formdata"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

// takesForm reports whether a body is to be read as a form.
func (h *Handler) takesForm(header http.Header) bool {
	if h.Multipart == nil {
		return false
	}
	written, _ := typeOf(header)
	media, _, _ := strings.Cut(written, ";")
	return strings.EqualFold(strings.TrimSpace(media), "multipart/form-data")
}

// form returns the body of multipart/form-data, as the rules see it.
func (h *Handler) form(x *exchange.Exchange, r *http.Request) (body any, present bool, refused *refusal) {
	const detail = "Send the form as Content-Type: multipart/form-data; boundary=…, with a boundary of up to 70 letters, digits and hyphens, without other parameters and without a Content-Encoding."
	written, plain := typeOf(r.Header)
	boundary, ok := formdata.Boundary(written)
	if !plain || !ok {
		return nil, false, &refusal{resultMalformed, problem.Unsupported.New(detail)}
	}
	raw, refused := read(x, r, *h.Multipart)
	if len(raw) == 0 {
		return nil, false, refused
	}
	form, err := promptpolicy.ReadForm(raw, boundary, h.paths, *h.MaxBody)
	switch {
	case err == nil:
		return form, true, nil
	case errors.Is(err, promptpolicy.ErrLongFields):
		return nil, false, unfit(err)
	}
	return nil, false, &refusal{resultMalformed, problem.Malformed.New("In the form, " + err.Error() + ".")}
}
