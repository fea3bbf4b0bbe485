package browser

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Manners are the fields of every answer of a site, ready for use.
type Manners struct {
	plain, secure variants // over plain HTTP, and over TLS
	shares        bool
}

// variants are the fields by who asks.
type variants struct {
	// for no script of another site, or one of a site that is not named
	stranger *Fields
	shared   map[string]*Fields // by the origin
	permit   map[string]*Fields // the same, of preflights
}

// NewManners returns manners that set and remove fields, and share answers with
// the origins, if there are any.
func NewManners(set map[string]string, remove []string, share Sharing) *Manners {
	plain, secure := with(set, nil), with(set, nil)
	delete(plain, StrictTransport)
	if set[StrictTransport] == "" && !slices.ContainsFunc(remove, func(name string) bool { return strings.EqualFold(name, StrictTransport) }) {
		secure[StrictTransport] = StrictTransportValue
	}
	return &Manners{
		plain: newVariants(plain, remove, share), secure: newVariants(secure, remove, share),
		shares: len(share.Origins) > 0,
	}
}

func newVariants(set map[string]string, remove []string, share Sharing) variants {
	if len(share.Origins) == 0 {
		return variants{stranger: NewFields(set, remove...)}
	}
	remove = slices.Concat(remove, sharing)
	fields := func(more map[string]string) *Fields {
		f := NewFields(with(set, more), remove...)
		f.vary = "Origin"
		return f
	}
	v := variants{stranger: fields(nil), shared: make(map[string]*Fields), permit: make(map[string]*Fields)}
	for _, origin := range share.Origins {
		v.shared[origin] = fields(share.set(origin))
		v.permit[origin] = fields(share.permit(origin))
	}
	return v
}

// with returns the fields with more of them.
func with(set, more map[string]string) map[string]string {
	all := make(map[string]string, len(set)+len(more))
	maps.Copy(all, set)
	maps.Copy(all, more)
	return all
}

// For returns the fields of the answer to a request. If it is a preflight of a
// site that shares its answers, preflight is true, and the answer is a 204: it
// has what a browser wants to know if the origin is named, and otherwise
// nothing, which a browser takes for a no.
func (m *Manners) For(r *http.Request) (fields *Fields, preflight bool) {
	v := &m.plain
	if r.TLS != nil {
		v = &m.secure
	}
	if !m.shares {
		return v.stranger, false
	}
	byOrigin := v.shared
	if preflight = IsPreflight(r); preflight {
		byOrigin = v.permit
	}
	if origins := r.Header["Origin"]; len(origins) == 1 {
		if found := byOrigin[origins[0]]; found != nil {
			return found, preflight
		}
	}
	return v.stranger, preflight
}
